"""The rule book: `*.rules` are its text, this package makes tensors of it."""
