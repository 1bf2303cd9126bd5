"""To SymPy and back: loaded, with SymPy, only when it is asked for."""
