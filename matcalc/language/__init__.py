"""Text to typed expressions: parse, infer, diagnose; and the reader of the rule book."""

from matcalc.language.book import Entry, Param, Statement
from matcalc.language.names import canonical
from matcalc.language.program import Program, parse_program

__all__ = ["Entry", "Param", "Program", "Statement", "canonical", "parse_program"]
