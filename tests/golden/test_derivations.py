"""Golden derivations: what `--steps` prints for examples from the chain rule to attention.

Each file of derivations/ holds one command and what it prints; the test compares it, and the last
line says that the oracle verified each step.  After a change that is meant, and that reads better:

    python -m tests.golden.test_derivations
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Final

import pytest

from matcalc import cli

FOLDER: Final = Path(__file__).with_name("derivations")

EXAMPLES: Final = {
    "sum_rule": "'x^2 + 3x' --wrt x --steps=all",
    "chain_rule": "'sin(x^2)' --wrt x",
    "chain_of_four": "'log(sin(x^3)^2)' --wrt x",
    "total_derivative": "'sin(x + x^2)' --wrt x --steps=all",
    "unknown_functions": "'f(g(x))' --wrt x --shape 'f: R -> R, g: R -> R'",
    "partials": "'3 x^2 y' --wrt '[x, y]'",
    "vector_of_functions": "'[3 x^2 y, 2x + y^8]' --wrt '[x, y]' --steps=all",
    "vector_chain_rule": "'[log(x^2), sin(3x)]' --wrt x",
    "jacobian_chain_rule": "'f(g(x))' --wrt x --shape 'x: R^n, g: R^n -> R^k, f: R^k -> R^m'",
    "elementwise_diagonal": "'w ⊙ x' --wrt w --shape 'w: R^n, x: R^n' --steps=index",
    "scalar_expansion": "'x + z' --wrt z --shape 'x: R^n' --steps=index",
    "dot_product": "'w · x' --wrt w --steps=index",
    "affine_index": "'X w + b' --wrt w --shape 'b: R^m' --steps=index",
    "neuron": "'max(0, w · x + b)' --wrt w,b",
    "neuron_loss": "'mean((y - max(0, X w + b))^2)' --wrt w",
    "neuron_loss_denominator": "'mean((X w - y)^2)' --wrt w --layout denominator",
    "bound_names": "'u = max(0, w · x + b); v = y - u; v^2' --wrt w",
    "by_a_bound_name": "'u = x^2; y = sin(u); y' --wrt u",
    "quadratic_form": "\"x' A x\" --wrt x",
    "quadratic_form_hessian": "\"x' A x\" --wrt x --kind hessian",
    "logistic_loss": "'log(1 + exp(w·x))' --wrt w --steps=all",
    "logistic_hessian": "'sum(log(1 + exp(X w)))' --wrt w --kind hessian",
    "softmax": "'softmax(x)' --wrt x",
    "cross_entropy": "'-y · log_softmax(W x + b)' --wrt W",
    "two_layers": "'h = relu(W1 x + b1); p = softmax(W2 h + b2); -y·log(p)' --wrt W1",
    "logdet": "'logdet(S)' --wrt S --shape 'S: R^(n×n) spd'",
    "inverse": "\"a' X^-1 b\" --wrt X --shape 'X: R^(n×n), a: R^n, b: R^n'",
    "gaussian": "\"logdet(S) + (x - m)' S^-1 (x - m)\" --wrt m --shape 'S: R^(n×n) spd, m: R^n'",
    "differential": "'logdet(X)' --wrt X --kind differential",
    "jvp": "'tanh(A x)' --wrt x --kind jvp",
    "layernorm": "'layernorm(x) · y' --wrt x",
    "attention": "\"sum(softmax(Q K' / sqrt(d), axis=1) V)\" --wrt V"
    " --shape 'Q: R^(n×d), K: R^(n×d), V: R^(n×p)'",
    "attention_scores": "\"softmax(K q / sqrt(d)) · v\" --wrt q --shape 'K: R^(n×d)'",
}  # fmt: skip


def printed(command: str) -> str:
    """What the command prints."""
    words = shlex.split(command)
    if not any(word.startswith("--steps") for word in words):
        words.append("--steps")
    answer = cli.run(words)
    assert answer.code == 0, answer
    return answer.result


def page(command: str) -> str:
    """The contents of a golden file."""
    shown = command if "--steps" in command else f"{command} --steps"
    return f"$ matcalc {shown}\n\n{printed(command)}\n"


@pytest.mark.parametrize("name", EXAMPLES)
def test_derivation(name: str) -> None:
    text = (FOLDER / f"{name}.txt").read_text(encoding="utf-8")
    assert text == page(EXAMPLES[name])
    assert re.search(r"each of \d+ steps verified on 3 random inputs; [^\n]+\n\Z", text)
    assert max(map(len, text.splitlines()[1:])) <= 80


def test_there_is_a_file_for_each_and_no_other() -> None:
    assert {path.stem for path in FOLDER.glob("*.txt")} == set(EXAMPLES)


def update() -> None:
    """Write the files anew with what matcalc prints now."""
    FOLDER.mkdir(exist_ok=True)
    for name, command in EXAMPLES.items():
        (FOLDER / f"{name}.txt").write_text(page(command), encoding="utf-8")


if __name__ == "__main__":
    update()
