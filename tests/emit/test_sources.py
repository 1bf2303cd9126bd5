"""Sources for libraries that need not be installed: complete, and of nothing but that library."""

from __future__ import annotations

import ast
import builtins
from typing import Any, Final

import pytest

from matcalc import DerivationError, derive, parse
from matcalc.language import book
from tests.emit.libraries import NEEDS
from tests.emit.test_targets import DERIVED, ENTRIES, LACKS, OPERATIONS, lacking
from tests.golden.test_results import is_case, parsed
from tests.golden.test_standard import LINES
from tests.rules.test_book import texts

MODULES: Final = {
    "jax": {"jax", "jnp", "jsp", "math"},
    "torch": {"torch", "math"},
    "array_api": {"array_api_compat", "math"},
}
"""The names of modules that the source for a target may use."""

OF_NUMBERS: Final = {"np", "sp"}
"""Modules that compute functions of numbers, as `float(sp.log_ndtr(1))`."""

targets = pytest.mark.parametrize("target", NEEDS)


def check_source(source: str, target: str) -> None:
    """Every name is an argument, assigned, imported or Python's own; the modules are the target's,
    but within float(…)."""
    tree = ast.parse(source)
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    stored = {name.id for name in names if isinstance(name.ctx, ast.Store)}
    loaded = {name.id for name in names if isinstance(name.ctx, ast.Load)}
    given = {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    imports = [n for n in ast.walk(tree) if isinstance(n, ast.Import | ast.ImportFrom)]
    modules = {alias.asname or alias.name for node in imports for alias in node.names}
    known = stored | given | modules | set(dir(builtins))
    assert loaded <= known, f"undefined: {loaded - known}\n{source}"
    assert modules <= MODULES[target] | OF_NUMBERS, source
    outside = {name.id for name in names if name not in within_float(tree)}
    assert not outside & OF_NUMBERS, source
    assert modules <= loaded, f"imported and not used: {modules - loaded}\n{source}"


def within_float(tree: ast.AST) -> set[ast.AST]:
    """What stands within `float(…)`."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    calls = [c for c in calls if isinstance(c.func, ast.Name) and c.func.id == "float"]
    return {inner for call in calls for inner in ast.walk(call)}


def check(made: Any, target: str) -> None:
    if not lacking(made, target):
        check_source(made.code(target), target)


@targets
@pytest.mark.parametrize("name", book.function_names())
def test_the_rule_book(target: str, name: str) -> None:
    for own, k in ENTRIES:
        if own != name:
            continue
        for text, shapes in texts(book.entries(name)[k]):
            expression = parse(text, shapes)
            of_sizes = all("integer" in s.properties for s in expression.variables)
            if target == "array_api" and of_sizes:
                with pytest.raises(DerivationError, match="the arrays that come in"):
                    expression.code(target)
            elif name in LACKS[target]:
                with pytest.raises(DerivationError, match=rf" has no {name}\b"):
                    expression.code(target)
            else:
                check(expression, target)


@targets
def test_the_standard_derivatives(target: str) -> None:
    for text in filter(is_case, LINES):
        line = parsed(text)
        check(derive(line.program, line.wrt, kind="hessian" if line.twice else "auto"), target)


@targets
def test_every_operation(target: str) -> None:
    for text, shapes in OPERATIONS:
        declared = {name: shape for name, shape in shapes.items() if shape != "index"}
        check(parse(text, declared), target)
    for text, wrt in DERIVED:
        check(derive(text, wrt), target)


def test_calls_of_torch_have_what_it_takes() -> None:
    """PyTorch has no default axis for these, and no numbers in the place of tensors."""
    for call in _torch_calls():
        name, keywords = ast.unparse(call.func), {keyword.arg for keyword in call.keywords}
        if name in {"torch.cumsum", "torch.softmax", "torch.log_softmax", "torch.logsumexp"}:
            assert "dim" in keywords, ast.unparse(call)
        if name in {"torch.logaddexp", "torch.maximum", "torch.minimum", "torch.hypot"}:
            assert not any(isinstance(arg, ast.Constant) for arg in call.args), ast.unparse(call)


def _torch_calls() -> list[ast.Call]:
    made = [
        parse(text, shapes)
        for name, k in ENTRIES
        if name not in LACKS["torch"]
        for text, shapes in texts(book.entries(name)[k])
    ]
    trees = [ast.parse(each.code("torch")) for each in made if not lacking(each, "torch")]
    return [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]
