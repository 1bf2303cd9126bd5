"""The campaign: random programs over everything that the language has, against the oracle.

    python -m tests.campaign 20000 --depth 8 --jobs 2 --resume journal.jsonl

grammar  what there is to write: a table of forms, those of functions made from the rule book
notation what there is to write beside functions: rows, powers, operands twice, any einsum
terms    a program as a tree of forms, and its text
asking   from a seed a program, and what derivative of it to ask for, at what sizes
judge    the derivative as text, read back, and as compiled code, against numerical derivatives
precise  values with many digits: what decides when two results differ
borders  where a program is at the border of a domain
rounding how far the rounding of its operations carries a formula
shrink   the smallest program that fails in the same way
run      many seeds in parallel, kept in a journal
summary  what was found, by function, kind and verdict
"""
