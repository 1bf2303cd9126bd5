"""Index notation: what the machine differentiates."""
