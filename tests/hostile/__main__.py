"""Inputs made to hurt: `python -m tests.hostile [SECONDS [NAME ...]]` runs each with a limit and
reports; of those that are named it asks all that can be asked.

Each is either done or refused with a clear error, within its limit and within 1 GiB.
"""

from __future__ import annotations

import resource
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from time import perf_counter
from typing import Any, Final

from matcalc import Derivation, MatcalcError, derive

GIBIBYTE = 2**30
HESSIAN = {"kind": "hessian"}
LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMN"


Use = Callable[[Derivation], object]
USES: Final[tuple[Use, ...]] = (
    Derivation.explain,
    Derivation.check,
    Derivation.pattern,
    Derivation.graph,
    Derivation.stationary,
    Derivation.to_sympy,
    lambda d: d.code(structured=True),
    lambda d: d.explain("index"),
    lambda d: d.equals("2 x"),
)
"""What else a person may do with a derivation."""


def programs() -> dict[str, tuple[str, str, dict[str, Any]]]:
    """Name, program, what to differentiate by, and options."""
    scalar = {"shapes": {"x": "R"}}
    vector = {"shapes": {"x": "R^n"}}
    square = {"shapes": {"A": "n×n", "X": "n×n"}}
    return {
        "nested brackets": ("(" * 10000 + "x" + ")" * 10000, "x", {}),
        "nested lists": ("[" * 10000 + "x" + "]" * 10000, "x", {}),
        "nested bars": ("‖" * 100 + "x" + "‖" * 100, "x", vector),
        "a long sum": ("x" + " + x" * 25000, "x", {}),
        "a long product": ("x" + " x" * 30000, "x", scalar),
        "a long Hadamard product": ("x" + " ⊙ x" * 15000, "x", vector),
        "a long Kronecker product": ("x" + " ⊗ x" * 40, "x", vector),
        "many names": (" + ".join(f"a{i} x" for i in range(10000)), "x", {}),
        "many terms": (" + ".join(f"sin({i} x)" for i in range(5000)), "x", {}),
        "many factors": (" ".join(f"(x + {i})" for i in range(60)), "x", scalar | HESSIAN),
        "a long name": ("x" * 10000 + " x", "x", {}),
        "a long number": ("1" * 5000 + " x", "x", {}),
        "a long fraction": ("0." + "1" * 5000 + " x", "x", {}),
        "numbers multiplied": ("9" * 90 + " x" + (" " + "9" * 90) * 500, "x", scalar),
        "a tower of powers": ("x" + "^x" * 150, "x", scalar),
        "a tower of numbers": ("9" + "^9" * 150 + " x", "x", scalar),
        "a power of a power": ("x^(9^(9^9))", "x", scalar),
        "a large power": ("2^100000 x", "x", scalar),
        "a larger power": ("10^(10^10) x", "x", scalar),
        "a power of a matrix": ("tr(A^64)", "A", square),
        "bindings": (";".join(f"u{k + 1} = sin(u{k})" for k in range(10000)) + ";u10000", "u0", {}),
        "squarings": (
            ";".join(f"u{k + 1} = u{k}^2 + u{k}" for k in range(60)) + ";u60",
            "u0",
            HESSIAN,
        ),
        "einsum of rank 40": (einsum(40), "x", vector),
        "einsum of rank 10": (einsum(10), "x", vector),
        "nested functions": ("sin(" * 180 + "x" + ")" * 180, "x", scalar | HESSIAN),
        "nested products": ("x sin(" * 150 + "x" + ")" * 150, "x", scalar | HESSIAN),
        "nested softmax": ("softmax(" * 60 + "x" + ")" * 60, "x", vector),
        "nested inverses": ("inv(" * 50 + "A" + " + A)" * 50, "A", square),
        "a chain of matrices": ("tr(" + " ".join(["A X"] * 60) + ")", "X", square),
        "many blocks": ("sum(hstack(" + ", ".join(["X"] * 2000) + "))", "X", square),
        "a long list": ("sum([" + ", ".join(["x"] * 10000) + "])", "x", scalar),
        "many variables": (
            " + ".join(f"x{i}^2" for i in range(2000)),
            ",".join(f"x{i}" for i in range(2000)),
            {},
        ),
        "a long dimension": (
            f"sum(x) where x: R^({'*'.join(f'n{i}' for i in range(500))})",
            "x",
            {},
        ),
        "a dimension multiplied out": (
            f"sum(x) where x: R^({'*'.join(f'(a{i}+b{i})' for i in range(60))})",
            "x",
            {},
        ),
        "many mistakes": ("; ".join(f"a{i} = sofmax(x)" for i in range(300)) + "; x", "x", {}),
        "open calls": (" + ".join("sofmax(x" for _ in range(500)), "x", {}),
        "marks": ("\u0301" * 10000, "x", {}),
        "semicolons": (";" * 100000 + "x", "x", scalar),
        "a comment": ("x #" + "y" * 100000, "x", scalar),
        "dots": ("1" + "." * 5000, "x", {}),
        "nested braces": ("{" * 10000 + "x" + "}" * 10000, "x", {}),
        "mixed brackets": ("([{" * 3000 + "x" + "}])" * 3000, "x", {}),
        "brackets that close nothing": (")" * 100000, "x", {}),
        "primes": ("x" + "'" * 100000, "x", vector),
        "signs": ("-" * 100000 + "x", "x", scalar),
        "superscripts": ("x" + "²" * 3000, "x", scalar),
        "indices": ("x" + "[0]" * 5000, "x", vector),
        "a chain of equal signs": (" = ".join(f"a{i}" for i in range(3000)) + "; x", "x", scalar),
        "too many bindings": (";".join(f"a{i}=x" for i in range(100000)) + ";x", "x", scalar),
        "nested choices": ("where(x > 0, " * 150 + "x" + ", 0)" * 150, "x", scalar),
        "nested gradients": ("grad(" * 40 + "x^50" + ", x)" * 40, "x", scalar),
        "nested Hessians": ("hessian(" * 20 + "exp(x^2)" + ", x)" * 20, "x", scalar),
        "nested Kronecker products": ("kron(A, " * 8 + "A" + ")" * 8, "A", square),
        "nested matrix functions": ("expm(" * 12 + "A" + ")" * 12, "A", square),
        "many declarations": (
            "x where " + ", ".join(f"v{i}: R^n{i}" for i in range(5000)),
            "x",
            {},
        ),
        "a dimension of 3000 digits": ("sum(x) where x: R^" + "9" * 3000, "x", {}),
        "a tensor of rank 300": ("sum(T) where T: R^(" + "×".join(["n"] * 300) + ")", "T", {}),
        "einsum of 2000 operands": (
            f'einsum("{",".join(["i"] * 2000)}->", {", ".join(["x"] * 2000)})',
            "x",
            vector,
        ),
        "combining marks": (" + ".join("x" + "\u0301" * k for k in range(99)), "x", scalar),
        "marks of direction": ("x\u202e + \u200fy", "x", {}),
        "a zero byte": ("x\0y", "x", {}),
        "half a character": ("x\ud800", "x", {}),
        "an inner product of ten billion": ("ones(10000000000)' x", "x", {}),
        "a matrix of a billion entries": ("x' A x where A: R^(31623×31623)", "x", {}),
        "a dimension of 150 brackets": (
            f"sum(x) where x: R^({'(' * 150}n{'+1)*n' * 150})",
            "x",
            {},
        ),
        "factorials": ("gamma(100000) gamma(1e300) x", "x", scalar),
        "ten matrices, twice": (
            f"tr({' '.join(f'X{i}' for i in range(10))})",
            ",".join(f"X{i}" for i in range(10)),
            HESSIAN,
        ),
        "large sizes": ("sum(ones(1000000000000)) x + sum(eye(100000)) x", "x", scalar),
    }


def einsum(rank: int) -> str:
    """An outer product of so many vectors."""
    axes = LETTERS[:rank]
    return f'einsum("{",".join(axes)}->{axes}", {", ".join(["x"] * rank)})'


def answer(name: str, limit: float, uses: Sequence[Use] = ()) -> str:
    """What becomes of a program: done or refused, and how long it took; a CRASH if neither."""
    program, wrt, options = programs()[name]
    began = perf_counter()
    try:
        d = derive(program, wrt, limit=limit, **options)
        said = f"done: {len(str(d))} characters"
        d.latex()
        d.code()
        for use in uses:
            used(d, use)
    except MatcalcError as error:
        said = "refused: " + str(error).splitlines()[0]
    except Exception as error:
        said = f"CRASH: {type(error).__name__}: {str(error)[:60]}"
    return f"{perf_counter() - began:6.2f} s  {name}: {said}"


def used(d: Derivation, use: Use) -> None:
    """Use a derivation; what is refused then is refused with a diagnostic, too."""
    with suppress(MatcalcError):
        use(d)


def main() -> None:
    """Run the programs, within 1 GiB."""
    resource.setrlimit(resource.RLIMIT_AS, (GIBIBYTE, GIBIBYTE))
    limit = float(sys.argv[1]) if len(sys.argv) > 1 else 10.0
    for name in sys.argv[2:] or programs():
        print(answer(name, limit, USES if len(sys.argv) > 2 else ()), flush=True)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"at most {peak} MiB")


if __name__ == "__main__":
    main()
