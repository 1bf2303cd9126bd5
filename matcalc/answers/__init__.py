"""Answers about a derivative: is a hand-derived one right, and where is it zero.

Loaded only when asked for.  What is claimed here is claimed of the engine's own result, and is
tested with the independent evaluation of `matcalc.check` before it is said.
"""
