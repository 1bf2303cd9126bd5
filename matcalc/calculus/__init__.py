"""Differentiation in index notation."""
