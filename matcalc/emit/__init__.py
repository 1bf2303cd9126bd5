"""Out of matrix notation: text that parses back, LaTeX, and code."""
