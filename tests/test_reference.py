"""The rule book as a reference: topics, search, the page in notebooks/rules.md."""

from __future__ import annotations

from pathlib import Path

import pytest

from matcalc import InputError
from matcalc.language import book as rules
from matcalc.show import book, markup

PAGE = Path(__file__).parents[1] / "notebooks" / "rules.md"


def test_the_page_is_fresh() -> None:
    """matcalc rules --markdown > notebooks/rules.md"""
    assert PAGE.read_text(encoding="utf-8") == book.render(form="markdown") + "\n"


def test_the_page_has_all_of_the_book() -> None:
    page = PAGE.read_text(encoding="utf-8").casefold()
    for item in book.items():
        heads = f"### `{item.name}`", f"### {item.name}"
        assert any(head.casefold() in page for head in heads)
        for entry, statement in item.lines():
            assert statement.note.split(" ")[0].casefold().strip("(,;)") in page
            assert (
                entry is None
                or entry.fields["source"]
                .split(",")[0]
                .replace("&", "&amp;")
                .casefold()
                .replace("_", r"\_")
                in page
            )


def test_every_topic_has_a_title_and_entries() -> None:
    found = book.items()
    for topic, title in rules.topics().items():
        assert title != topic
        assert any(item.topic == topic for item in found)


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("trace", {"tr", "det", "logdet"}),
        ("Matrix Cookbook inverse", {"inv"}),
        ("cholesky", {"chol"}),
        ("softmax", {"softmax", "log_softmax", "cross_entropy"}),
        ("fewer nodes sigmoid", {"sigmoid from below", "sigmoid of the negative"}),
    ],
)
def test_search(words: str, names: set[str]) -> None:
    found = {line.split("  ")[1] for line in book.render(search=words).splitlines() if "  " in line}
    assert names <= {name.strip() for name in found}


def test_a_topic_prints_its_rules() -> None:
    shown = book.render(topic="linear-algebra")
    assert "d det(A) = det(A) tr(inv(A) dA)" in shown and "softmax" not in shown
    assert max(map(len, shown.splitlines())) <= 80
    assert "### `det`" in book.render(topic="linear-algebra", form="markdown")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"topic": "linear"}, "matcalc rules --topic linear-algebra"),
        ({"search": "no such thing"}, "nothing in the rule book"),
        ({"names": ["sofmax"]}, "matcalc rules softmax"),
        ({"names": ["qqq"]}, '--search "qqq"'),
    ],
)
def test_what_is_not_there(options: dict[str, object], said: str) -> None:
    with pytest.raises(InputError) as caught:
        book.render(**options)  # type: ignore[arg-type]
    assert said in str(caught.value)


def test_prose_is_not_markup() -> None:
    shown = markup.markdown_prose("a_b < c*d, `x_i < y` $5 [z] <script>")
    assert shown == "a\\_b &lt; c\\*d, `x_i < y` \\$5 \\[z\\] &lt;script&gt;"
    assert markup.markdown_code("a`b``c") == "```a`b``c```"
    assert "`" not in markup.markdown_prose("a lone ` here").replace("\\`", "")
    assert markup.tex_prose(r"\input{x} $ # % & _ σ `a_b`") == (
        r"\textbackslash{}input\{x\} \$ \# \% \& \_ $\sigma$ \texttt{a\_b}"
    )
