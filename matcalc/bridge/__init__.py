"""To SymPy and back, and to the automatic differentiation of JAX and PyTorch: each loaded, with its
library, only when it is asked for."""
