"""The functions that the rule book has from SymPy.

SymPy knows their derivatives, their LaTeX and mostly their code; what it does not say is here: a
title, where they are real, and how SciPy computes those for which SymPy prints no code.
`matcalc/rules/sympy.rules` is made from this table by `python -m matcalc.bridge.rules`.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Row(NamedTuple):
    """A function: its parameters, what it is, where it is real, its code if SymPy has none.

    Also its name in SymPy if that is another, and its LaTeX where SymPy's is no template.
    """

    params: str
    title: str
    domain: str = ""
    code: str = ""
    sympy: str = ""
    latex: str = ""


DEGREE: Final = "n a whole number"
ABOVE_0: Final = "x > 0"
INNER: Final = "-1 < x, x < 1"

FUNCTIONS: Final[dict[str, list[Row]]] = {
    # Lambert, gamma and their kin
    "lambertw": [
        Row("x", "Lambert's W, principal branch: W exp(W) = x", "x > -0.36",
            "np.real(sp.lambertw(x))", "LambertW"),
    ],
    "loggamma": [
        Row("x", "logarithm of the gamma function", ABOVE_0, latex=r"\log\Gamma\left(<x>\right)"),
    ],
    "factorial": [Row("x", "factorial: gamma(x + 1)", ABOVE_0, latex="<x!>!")],
    "binomial": [Row("x y", "binomial coefficient of real arguments", "x > 0, y > 0")],
    "harmonic": [
        Row("x", "harmonic number: digamma(x + 1) - digamma(1)", ABOVE_0,
            latex=r"H\left(<x>\right)"),
    ],
    "beta": [
        Row("x y", "Euler's beta function", "x > 0, y > 0",
            latex=r"\operatorname{B}\left(<x>, <y>\right)"),
    ],
    "betainc": [
        Row("a b x y", "incomplete beta integral from x to y",
            "a > 0, b > 0, 0 < x, x < 1, 0 < y, y < 1",
            "sp.beta(a, b) * (sp.betainc(a, b, y) - sp.betainc(a, b, x))"),
    ],
    "betainc_regularized": [
        Row("a b x y", "incomplete beta integral from x to y over the whole",
            "a > 0, b > 0, 0 < x, x < 1, 0 < y, y < 1"),
    ],
    "lowergamma": [Row("a x", "lower incomplete gamma function", "a > 0, x > 0")],
    "uppergamma": [Row("a x", "upper incomplete gamma function", "a > 0, x > 0")],
    "zeta": [
        Row("s", "Riemann's zeta function", "s > 1", "sp.zeta(s, 1)"),
        Row("s a", "Hurwitz's zeta function", "s > 1, a > 0", "sp.zeta(s, a)"),
    ],
    # error functions and integrals
    "erfi": [Row("x", "imaginary error function", "", "sp.erfi(x)")],
    "erfinv": [Row("x", "inverse of erf", INNER, "sp.erfinv(x)")],
    "erfcinv": [Row("x", "inverse of erfc", "0 < x, x < 2", "sp.erfcinv(x)")],
    "erf2": [Row("x y", "erf(y) - erf(x)")],
    "Ei": [Row("x", "exponential integral", "x ≠ 0")],
    "expint": [
        Row("n x", "generalised exponential integral E_n", f"{DEGREE}, n > 0, x > 0",
            "sp.expn(n, x)"),
    ],
    "li": [Row("x", "logarithmic integral", "x > 1", "sp.expi(np.log(x))")],
    "Si": [Row("x", "sine integral")],
    "Ci": [Row("x", "cosine integral", ABOVE_0)],
    "Shi": [Row("x", "hyperbolic sine integral", "", "sp.shichi(x)[0]")],
    "Chi": [Row("x", "hyperbolic cosine integral", ABOVE_0, "sp.shichi(x)[1]")],
    "fresnels": [Row("x", "Fresnel's sine integral")],
    "fresnelc": [Row("x", "Fresnel's cosine integral")],
    # Bessel, Airy
    "besselj": [Row("ν x", "Bessel function of the first kind", ABOVE_0)],
    "bessely": [Row("ν x", "Bessel function of the second kind", ABOVE_0)],
    "besseli": [Row("ν x", "modified Bessel function of the first kind", ABOVE_0)],
    "besselk": [Row("ν x", "modified Bessel function of the second kind", ABOVE_0)],
    "jn": [
        Row("ν x", "spherical Bessel function of the first kind", ABOVE_0,
            "np.sqrt(np.pi / (2 * x)) * sp.jv(ν + 0.5, x)"),
    ],
    "yn": [
        Row("ν x", "spherical Bessel function of the second kind", ABOVE_0,
            "np.sqrt(np.pi / (2 * x)) * sp.yv(ν + 0.5, x)"),
    ],
    "airyai": [Row("x", "Airy function Ai", latex=r"\operatorname{Ai}\left(<x>\right)")],
    "airyaiprime": [
        Row("x", "derivative of Ai", latex=r"\operatorname{Ai}'\left(<x>\right)"),
    ],
    "airybi": [Row("x", "Airy function Bi", latex=r"\operatorname{Bi}\left(<x>\right)")],
    "airybiprime": [
        Row("x", "derivative of Bi", latex=r"\operatorname{Bi}'\left(<x>\right)"),
    ],
    # elliptic integrals, of the parameter m = k²
    "elliptic_k": [Row("m", "complete elliptic integral K", "0 < m, m < 1", "sp.ellipk(m)")],
    "elliptic_e": [
        Row("m", "complete elliptic integral E", "0 < m, m < 1", "sp.ellipe(m)"),
        Row("x m", "incomplete elliptic integral E", "0 < m, m < 1, -1.5 < x, x < 1.5",
            "sp.ellipeinc(x, m)"),
    ],
    "elliptic_f": [
        Row("x m", "incomplete elliptic integral F", "0 < m, m < 1, -1.5 < x, x < 1.5",
            "sp.ellipkinc(x, m)"),
    ],
    # orthogonal polynomials
    "legendre": [Row("n x", "Legendre polynomial", f"{DEGREE}, {INNER}")],
    "chebyshevt": [Row("n x", "Chebyshev polynomial of the first kind", f"{DEGREE}, {INNER}")],
    "chebyshevu": [Row("n x", "Chebyshev polynomial of the second kind", f"{DEGREE}, {INNER}")],
    "hermite": [Row("n x", "Hermite polynomial, physicists'", DEGREE)],
    "hermite_prob": [
        Row("n x", "Hermite polynomial, probabilists'", DEGREE, "sp.eval_hermitenorm(n, x)",
            latex=r"\operatorname{He}_{<n>}\left(<x>\right)"),
    ],
    "laguerre": [Row("n x", "Laguerre polynomial", DEGREE)],
    "assoc_laguerre": [Row("n a x", "associated Laguerre polynomial", f"{DEGREE}, a > 0")],
    "gegenbauer": [Row("n a x", "Gegenbauer polynomial", f"{DEGREE}, a > 0, {INNER}")],
    "jacobi": [Row("n a b x", "Jacobi polynomial", f"{DEGREE}, a > 0, b > 0, {INNER}")],
    # circular and hyperbolic functions, and reciprocals
    "sinc": [Row("x", "sin(x) / x, 1 at 0", "", "np.sinc(x / np.pi)")],
    "sec": [Row("x", "secant", "", "1 / np.cos(x)")],
    "csc": [Row("x", "cosecant", "x ≠ 0", "1 / np.sin(x)")],
    "cot": [Row("x", "cotangent", "x ≠ 0", "1 / np.tan(x)")],
    "asec": [Row("x", "inverse secant", "x > 1", "np.arccos(1 / x)")],
    "acsc": [Row("x", "inverse cosecant", "x > 1", "np.arcsin(1 / x)")],
    "acot": [Row("x", "inverse cotangent: atan(1 / x)", "x ≠ 0", "np.arctan(1 / x)")],
    "sech": [Row("x", "hyperbolic secant", "", "1 / np.cosh(x)")],
    "csch": [Row("x", "hyperbolic cosecant", "x ≠ 0", "1 / np.sinh(x)")],
    "coth": [Row("x", "hyperbolic cotangent", "x ≠ 0", "1 / np.tanh(x)")],
    "asech": [Row("x", "inverse hyperbolic secant", "0 < x, x < 1", "np.arccosh(1 / x)")],
    "acsch": [Row("x", "inverse hyperbolic cosecant", "x ≠ 0", "np.arcsinh(1 / x)")],
    "acoth": [Row("x", "inverse hyperbolic cotangent", "x > 1", "np.arctanh(1 / x)")],
}  # fmt: skip

LEFT_OUT: Final[dict[str, str]] = {
    "the rule book has it": (
        "exp log sqrt cbrt sign Abs sin cos tan asin acos atan atan2 sinh cosh tanh asinh acosh "
        "atanh erf erfc gamma polygamma digamma trigamma Max Min Pow Heaviside"
    ),
    "complex, or about complex numbers": (
        "re im conjugate arg polar_lift periodic_argument unbranched_argument principal_branch "
        "exp_polar adjoint transpose hankel1 hankel2 hn1 hn2 Ynm Znm Ynm_c"
    ),
    "of whole numbers": (
        "factorial2 subfactorial rf ff RisingFactorial FallingFactorial carmichael fibonacci lucas "
        "motzkin tribonacci bernoulli bell euler catalan genocchi andre partition divisor_sigma "
        "udivisor_sigma legendre_symbol jacobi_symbol kronecker_symbol mobius primenu primeomega "
        "totient reduced_totient primepi nC nP nT stirling Rem"
    ),
    "a step, or not a function of numbers": (
        "floor ceiling frac Piecewise KroneckerDelta LeviCivita SingularityFunction DiracDelta"
    ),
    "no code in SciPy": (
        "Li expint_n polylog lerchphi dirichlet_eta stieltjes riemann_xi marcumq multigamma "
        "erf2inv hyper meijerg appellf1 elliptic_pi mathieus mathieuc mathieusprime mathieucprime "
        "chebyshevt_root chebyshevu_root assoc_legendre"
    ),
}
"""Functions of SymPy that are not here, by the reason."""
