"""Expressions as brackets, one form a node: what the tests of the language compare with."""

from __future__ import annotations

from fractions import Fraction
from typing import assert_never

from matcalc.expr.nodes import (
    Add,
    Apply,
    Call,
    Compare,
    Constant,
    Derivative,
    Divide,
    Dot,
    Einsum,
    Expr,
    Hadamard,
    Index,
    Inverse,
    Kron,
    Named,
    Neg,
    Number,
    Power,
    Product,
    Size,
    Stack,
    Symbol,
    Transpose,
)


def tree(expr: Expr) -> str:
    """`(+ a (- b))`, `(mul A x)`, `(had x y)`, `(call sum x axis=0)` …"""
    match expr:
        case Symbol(name=name) | Constant(name=name) | Named(name=name):
            return name
        case Number(value=value):
            return str(Fraction(value))
        case Size(dim=dim):
            return f"#{dim}"
        case Neg(arg=arg):
            return f"(- {tree(arg)})"
        case Add(terms=parts):
            return _form("+", parts)
        case Product(factors=parts):
            return _form("mul", parts)
        case Hadamard(factors=parts):
            return _form("had", parts)
        case Dot(left=a, right=b):
            return _form("dot", (a, b))
        case Kron(left=a, right=b):
            return _form("kron", (a, b))
        case Divide(numerator=a, denominator=b):
            return _form("/", (a, b))
        case Power(base=a, exponent=b, elementwise=elementwise):
            return _form(".^" if elementwise else "^", (a, b))
        case Transpose(arg=arg):
            return f"(' {tree(arg)})"
        case Inverse(arg=arg):
            return f"(inv {tree(arg)})"
        case Compare(op=op, left=a, right=b):
            return _form(op, (a, b))
        case Index(arg=arg, indices=indices):
            inner = " ".join(":" if each is None else tree(each) for each in indices)
            return f"(at {tree(arg)} {inner})"
        case Stack(items=items):
            return _form("list", items)
        case Einsum(spec=spec, args=args):
            return _form(f"einsum {spec}", args)
        case Call(name=name, args=args, axis=axis):
            return (
                _form(f"call {name}", args) if axis is None else _form(f"call {name}@{axis}", args)
            )
        case Apply(function=function, order=order, arg=arg):
            return f"({function.name}{order or ''} {tree(arg)})"
        case Derivative(kind=kind, arg=arg, wrt=wrt):
            return f"({kind} {tree(arg)} {tree(wrt)})"
        case _:
            assert_never(expr)


def _form(head: str, parts: tuple[Expr, ...]) -> str:
    return f"({head} {' '.join(map(tree, parts))})"
