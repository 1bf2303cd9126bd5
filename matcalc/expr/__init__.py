"""Matrix notation: what a person reads and writes, typed and immutable."""
