"""How expressions are written down: the passes that choose a form."""

from __future__ import annotations

from matcalc import derive


def test_names_bound_by_the_one_before_are_no_recursion() -> None:
    """Three hundred layers of matrices, each name bound by the one before."""
    layers = "\n".join(f"h{i + 1} = tanh(W{i} h{i} + b{i})" for i in range(300))
    d = derive(f"h0 = x\n{layers}\nnorm(h300)^2", "W0", shapes={"x": "R"})
    assert str(d.shape) == "R^(m×n)"
