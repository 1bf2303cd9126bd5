"""Simplification in index notation, and what structure a result has."""
