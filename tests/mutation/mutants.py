"""Mutants of Python modules: the small changes that a test has to notice.

A mutant is one change at one place of one function.  It is made on the syntax tree and put in place
of the code of the living function, so that nothing is imported again.

What is no mutant, by rule and not by hand:

- text for people and for the type checker: docstrings, annotations, f-strings, what `raise` says;
- `assert`, and `strict=` of `zip`, which state what holds anyway;
- what happens once, at import: imports, `__all__`, decorators, class bodies, defaults of
  parameters;
- a store into a table that the same function looks up first: it only saves time.
"""

from __future__ import annotations
import __future__

import ast
import copy
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import CodeType
from typing import Final, cast

COMPARISONS: Final[dict[type[ast.cmpop], type[ast.cmpop]]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
YES_OR_NO: Final = (ast.Eq, ast.NotEq, ast.Is, ast.IsNot, ast.In, ast.NotIn)
"""Comparisons whose other form is their negation."""

OPERATORS: Final[dict[type[ast.operator], type[ast.operator]]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
    ast.BitXor: ast.BitOr,
    ast.MatMult: ast.Mult,
}
TWINS: Final = {"any": "all", "all": "any", "min": "max", "max": "min"}


@dataclass(frozen=True)
class Mutant:
    """One change: where it is, what it is in words, and the statement of the module, changed."""

    module: str
    place: str
    lines: range
    """The lines of the statement, of a compound one those of its head."""
    operator: str
    before: str
    after: str
    number: int
    function: str
    """The qualified name of the function whose code changes; empty for a statement of the module
    itself."""
    change: tuple[ast.stmt, ast.AST, ast.AST]
    """A statement of the module, the node of it that is replaced, and by what."""

    @property
    def key(self) -> str:
        again = f" #{self.number + 1}" if self.number else ""
        return f"{self.module} {self.place}: {self.before} => {self.after}{again}"


def module_mutants(module: str, path: Path) -> tuple[list[Mutant], Counter[str]]:
    """The mutants of a module, and how many places are none for which reason."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    excluded: Counter[str] = Counter()
    seen: Counter[tuple[str, str, str]] = Counter()
    found = []
    for statement in tree.body:
        for site in _sites(statement, "", excluded):
            for operator, new in _variants(site.node):
                before, after = _told(site.node, new)
                place = site.place or "module"
                number = seen[place, before, after]
                seen[place, before, after] += 1
                found.append(
                    Mutant(
                        module,
                        place,
                        site.lines,
                        operator,
                        before,
                        after,
                        number,
                        site.function,
                        (statement, site.node, new),
                    )
                )
    return found, excluded


# --- where


@dataclass(frozen=True)
class _Site:
    node: ast.AST
    place: str
    function: str
    memo: frozenset[str]
    lines: range


def _sites(root: ast.stmt, place: str, excluded: Counter[str]) -> Iterator[_Site]:
    """Every node that may change."""
    nothing: frozenset[str] = frozenset()
    pending = [(cast(ast.AST, root), place, "", nothing, range(0))]
    while pending:
        node, place, function, memo, lines = pending.pop()
        if isinstance(node, ast.stmt):
            lines = _head(node)
        if isinstance(node, ast.FunctionDef):
            inner = f"{place}.{node.name}" if place else node.name
            excluded["defaults"] += len(node.args.defaults) + sum(
                d is not None for d in node.args.kw_defaults
            )
            excluded["decorators"] += len(node.decorator_list)
            body = _without_docstring(node.body)
            memo = memo | _looked_up(node)
            pending += [(s, inner, function or inner, memo, lines) for s in reversed(body)]
            continue
        if isinstance(node, ast.ClassDef):
            inner = f"{place}.{node.name}" if place else node.name
            methods = [s for s in node.body if isinstance(s, ast.FunctionDef)]
            excluded["class bodies"] += len(_without_docstring(node.body)) - len(methods)
            pending += [(s, inner, "", memo, lines) for s in reversed(methods)]
            continue
        reason = _reason(node, memo)
        if reason:
            excluded[reason] += 1
            if not isinstance(node, ast.Raise):
                continue
        yield _Site(node, place, function, memo, lines)
        children = [] if isinstance(node, ast.Raise) else _children(node)
        pending += [(child, place, function, memo, lines) for child in reversed(children)]


def _head(statement: ast.stmt) -> range:
    """The lines of a statement, of a compound one those before its body."""
    body = getattr(statement, "body", None) or getattr(statement, "cases", None)
    first = body[0].pattern if body and isinstance(body[0], ast.match_case) else None
    first = first or (body[0] if body else None)
    start, end = statement.lineno, statement.end_lineno or statement.lineno
    return range(start, max(start + 1, first.lineno) if first is not None else end + 1)


def _reason(node: ast.AST, memo: frozenset[str]) -> str:
    """Why a node is left alone; a `raise` is taken away as a whole."""
    match node:
        case ast.Import() | ast.ImportFrom():
            return "imports"
        case ast.Assign(targets=[ast.Name(id="__all__")]):
            return "imports"
        case ast.Assert() | ast.keyword(arg="strict"):
            return "assertions"
        case ast.JoinedStr():
            return "f-strings"
        case ast.Raise():
            return "messages"
        case ast.Expr(value=ast.Constant()):
            return "docstrings"
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return "imports"
        case ast.Assign(targets=[ast.Subscript(value=table)]) if ast.unparse(table) in memo:
            return "memo tables"
    return ""


def _children(node: ast.AST) -> list[ast.AST]:
    match node:
        case ast.AnnAssign():
            return [node.value] if node.value is not None else []
        case ast.Lambda():
            return [node.body]
        case ast.match_case():
            return [*([node.guard] if node.guard is not None else []), *node.body]
        case ast.ExceptHandler():
            return list(node.body)
        case ast.arguments() | ast.pattern() | ast.expr_context() | ast.operator() | ast.cmpop():
            return []
        case ast.Call(func=ast.Name(id="cast")) if node.args:
            return list(node.args[1:])
    return list(ast.iter_child_nodes(node))


def _without_docstring(body: Sequence[ast.stmt]) -> list[ast.stmt]:
    return [
        s
        for s in body
        if not (
            isinstance(s, ast.Expr)
            and isinstance(s.value, ast.Constant)
            and isinstance(s.value.value, str)
        )
    ]


def _looked_up(function: ast.FunctionDef) -> frozenset[str]:
    """The tables that a function asks whether they have a key."""
    found = set()
    for node in ast.walk(function):
        match node:
            case ast.Call(func=ast.Attribute(attr="get", value=table)):
                found.add(ast.unparse(table))
            case ast.Compare(ops=[ast.In() | ast.NotIn()], comparators=[table]):
                found.add(ast.unparse(table))
    return frozenset(found)


# --- what


def _variants(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """The changes of one node, each with the name of its kind."""
    match node:
        case ast.Compare(ops=ops):
            for i, op in enumerate(ops):
                swapped = [*ops[:i], COMPARISONS[type(op)](), *ops[i + 1 :]]
                yield "comparison", ast.Compare(node.left, swapped, node.comparators)
        case ast.BoolOp(op=op, values=values):
            yield "boolean", ast.BoolOp(ast.Or() if isinstance(op, ast.And) else ast.And(), values)
        case ast.UnaryOp(op=ast.Not() | ast.USub(), operand=operand):
            if not (isinstance(operand, ast.Constant)):
                yield "sign" if isinstance(node.op, ast.USub) else "boolean", operand
        case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATORS:
            yield "arithmetic", ast.BinOp(left, OPERATORS[type(op)](), right)
        case ast.AugAssign(target=target, op=op, value=value):
            if type(op) in OPERATORS:
                yield "arithmetic", ast.AugAssign(target, OPERATORS[type(op)](), value)
            yield "statement", ast.Pass()
        case ast.If(test=test) if not _told_apart(test):
            yield "condition", ast.If(ast.UnaryOp(ast.Not(), test), node.body, node.orelse)
        case ast.While(test=test) if not _told_apart(test):
            yield "condition", ast.While(ast.UnaryOp(ast.Not(), test), node.body, node.orelse)
        case ast.IfExp(test=test) if not _told_apart(test):
            yield "condition", ast.IfExp(ast.UnaryOp(ast.Not(), test), node.body, node.orelse)
        case ast.comprehension(ifs=ifs):
            for i, test in enumerate(ifs):
                if not _told_apart(test):
                    negated = [*ifs[:i], ast.UnaryOp(ast.Not(), test), *ifs[i + 1 :]]
                    yield (
                        "condition",
                        ast.comprehension(node.target, node.iter, negated, node.is_async),
                    )
        case ast.Constant(value=bool(value)):
            yield "constant", ast.Constant(not value)
        case ast.Constant(value=int(value) | float(value)):
            yield "constant", ast.Constant(value + 1)
        case ast.Constant(value=str(value)):
            yield "constant", ast.Constant(value + "?")
        case ast.Return(value=ast.expr() as value) if not isinstance(value, ast.Constant):
            yield "return", ast.Return(ast.Constant(None))
        case ast.Match(subject=subject, cases=cases) if len(cases) > 1:
            for i, each in enumerate(cases):
                if not _refuses(each.body):
                    yield "case", ast.Match(subject, [*cases[:i], *cases[i + 1 :]])
        case ast.Expr() | ast.Raise():
            yield "statement", ast.Pass()
        case ast.Assign(targets=[ast.Subscript() | ast.Attribute()]):
            yield "statement", ast.Pass()
        case ast.Continue():
            yield "statement", ast.Break()
        case ast.Break():
            yield "statement", ast.Continue()
        case ast.Call(func=ast.Name(id=name)) if name in TWINS:
            yield "function", ast.Call(ast.Name(TWINS[name], ast.Load()), node.args, node.keywords)


def _told_apart(test: ast.expr) -> bool:
    """Whether another change negates a condition."""
    match test:
        case ast.Compare(ops=[op]):
            return isinstance(op, YES_OR_NO)
        case ast.UnaryOp(op=ast.Not()) | ast.Constant():
            return True
    return False


def _refuses(body: Sequence[ast.stmt]) -> bool:
    """Whether a case only says that it does not happen."""
    return isinstance(body[0], ast.Raise) or "assert_never" in ast.unparse(body[0])


def _told(old: ast.AST, new: ast.AST) -> tuple[str, str]:
    """Both in words, of compound statements the first line only."""
    if isinstance(old, ast.Match) and isinstance(new, ast.Match):
        lost = next(a for a, b in zip(old.cases, [*new.cases, None], strict=True) if a is not b)
        return _line(lost), "no such case"
    if isinstance(old, ast.comprehension):
        return ast.unparse(old).strip(), ast.unparse(ast.fix_missing_locations(new)).strip()
    return _line(old), _line(ast.fix_missing_locations(new))


def _line(node: ast.AST) -> str:
    text = ast.unparse(node).strip().partition("\n")[0]
    return text if len(text) <= 100 else text[:97] + "..."


class _Replacement(ast.NodeTransformer):
    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self.old, self.new = old, new

    def visit(self, node: ast.AST) -> ast.AST:
        if node is self.old:
            return ast.copy_location(self.new, node) if hasattr(node, "lineno") else self.new
        return super().visit(node)  # type: ignore[no-any-return]


def changed(mutant: Mutant) -> ast.stmt:
    """The statement of the module with the change made, a copy."""
    statement, old, new = mutant.change
    memo: dict[int, object] = {}
    whole = copy.deepcopy(statement, memo)
    inside = memo[id(old)]
    assert isinstance(inside, ast.AST)
    made = _Replacement(inside, copy.deepcopy(new)).visit(whole)
    assert isinstance(made, ast.stmt)
    return ast.fix_missing_locations(made)


# --- code


def compiled(statement: ast.stmt, path: str) -> CodeType:
    """One statement of a module, compiled as it stands there."""
    flags = __future__.annotations.compiler_flag
    code: CodeType = compile(ast.Module([statement], []), path, "exec", flags, dont_inherit=True)
    return code


def functions_in(code: CodeType) -> Iterator[CodeType]:
    """The functions and methods defined by code, not those inside functions."""
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from functions_in(constant)
