"""Prose in the markup languages: nothing in a sentence is Markdown, HTML or TeX by accident."""

from __future__ import annotations

import re
import unicodedata
from html import escape
from typing import Final

from matcalc.emit.names import GREEK

_MARKDOWN: Final = "\\*_[]$#~|^"


def markdown_prose(sentence: str) -> str:
    """A sentence for Markdown; what stands between backticks stays code."""
    pieces = sentence.split("`")
    if len(pieces) % 2 == 0:  # an unpaired backtick is a letter like others
        pieces[-2:] = [f"{pieces[-2]}'{pieces[-1]}"]
    for place, piece in enumerate(pieces):
        if place % 2:
            pieces[place] = markdown_code(piece)
        else:
            text = escape(piece, quote=False)
            pieces[place] = "".join(f"\\{c}" if c in _MARKDOWN else c for c in text)
    return "".join(pieces)


def declaration(assumption: str) -> tuple[str, str]:
    """An assumption as what it declares (`X: R^(m×n)`), if it does, and the reason."""
    found = re.match(r"(\w+: [^\s(`,]*(?:\([^()]*\))?)((?:,? .*)?)$", assumption)
    return (found[1], found[2]) if found else ("", assumption)


def markdown_code(text: str) -> str:
    """A text as code in a line of Markdown, whatever backticks it has."""
    text = " ".join(text.split())
    fence = "`" * (1 + max(map(len, re.findall("`+", text)), default=0))
    pad = " " if text.startswith("`") or text.endswith("`") or not text else ""
    return f"{fence}{pad}{text}{pad}{fence}"


_TEX: Final = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#",
    "%": r"\%", "_": r"\_", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}",
    "<": "$<$", ">": "$>$", "|": r"$\vert$",
}  # fmt: skip

_SYMBOLS: Final = {
    "·": r"\cdot", "⋅": r"\cdot", "⊙": r"\odot", "∘": r"\circ", "⊗": r"\otimes", "×": r"\times",
    "≤": r"\le", "≥": r"\ge", "≠": r"\ne", "∈": r"\in", "→": r"\to", "↦": r"\mapsto",
    "ℝ": r"\mathbb{R}", "∇": r"\nabla", "∂": r"\partial", "Σ": r"\Sigma", "∑": r"\sum",
    "∏": r"\prod", "∞": r"\infty", "‖": r"\Vert", "√": r"\surd", "∀": r"\forall", "≈": r"\approx",
    "−": "-", "ᵀ": r"^{\top}", "⁻": "^{-}", "ⁿ": "^{n}", "ᵐ": "^{m}", "′": "'", "□": r"\square",
    "₀": "_0", "₁": "_1", "₂": "_2", "₃": "_3", "₄": "_4",
    "₅": "_5", "₆": "_6", "₇": "_7", "₈": "_8", "₉": "_9",
    "⁰": "^0", "¹": "^1", "²": "^2", "³": "^3", "⁴": "^4", "⁵": "^5", "⁶": "^6", "⁷": "^7",
    "⁸": "^8", "⁹": "^9", "ᵢ": "_i", "ⱼ": "_j", "ₖ": "_k", "ₙ": "_n", "ₘ": "_m",
}  # fmt: skip

_LATIN: Final = {"ο": "o", **dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΧ", "ABEZHIKMNOPTX", strict=True))}


def tex_prose(sentence: str) -> str:
    """A sentence for LaTeX outside math mode; code between backticks in typewriter letters.

    Symbols and Greek letters become commands; other letters stay, and a document that DOCUMENT
    begins can hold them.
    """
    pieces = sentence.split("`")
    for place, piece in enumerate(pieces):
        escaped = "".join(map(_tex_letter, piece))
        pieces[place] = (
            rf"\texttt{{{escaped}}}" if place % 2 and place + 1 < len(pieces) else escaped
        )
    return "".join(pieces)


def _tex_letter(letter: str) -> str:
    if letter in _TEX:
        return _TEX[letter]
    if letter in _LATIN:
        return _LATIN[letter]
    command = _SYMBOLS.get(letter) or (f"\\{GREEK[letter]}" if letter in GREEK else None)
    return f"${command}$" if command else letter


_DOCUMENT: Final = r"""\documentclass[a4paper,11pt,fleqn]{article}
\usepackage{iftex}
\ifPDFTeX
  \usepackage[T1]{fontenc}
  \usepackage[utf8]{inputenc}
  \IfFileExists{lmodern.sty}{\usepackage{lmodern}}{}
<LETTERS>\fi
\usepackage[margin=2.5cm]{geometry}
\usepackage{amsmath,amssymb}
\setlength{\mathindent}{1.5em}
\usepackage{graphicx}
\newcommand{\fitted}[1]{\sbox0{$\displaystyle #1$}%
  \ifdim\wd0>0.9\linewidth\resizebox{0.9\linewidth}{!}{\usebox0}\else\usebox0\fi}
\allowdisplaybreaks
\setlength{\parindent}{0pt}
\setlength{\parskip}{0.6ex}
\begin{document}
\raggedright\frenchspacing
\begin{center}\large <TITLE>\end{center}

<BODY>
\end{document}
"""

_LETTER: Final = "  \\DeclareUnicodeCharacter{%04X}{\\textsf{\\tiny %04X}}\n"


def tex_document(title: str, body: str) -> str:
    """A whole LaTeX document, for pdflatex and its successors.

    A letter that pdflatex has no type for stands there by its number, so that any name compiles.
    """
    rare = sorted({c for c in title + body if not c.isascii() and not _in_t1(c)})
    letters = "".join(_LETTER % (ord(c), ord(c)) for c in rare)
    parts = {"LETTERS": letters, "TITLE": title, "BODY": body}
    return re.sub("<(LETTERS|TITLE|BODY)>", lambda match: parts[match[1]], _DOCUMENT).rstrip()


def _in_t1(letter: str) -> bool:
    """Whether pdflatex has a letter: those of Latin alphabets in Europe."""
    return "LATIN" in unicodedata.name(letter, "") and ord(letter) < 0x180
