"""Between matrix notation and every target: what is computed, once, and in which order."""
