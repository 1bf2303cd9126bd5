"""Results for people to look at: in a terminal, in Jupyter, and the rule book as a list."""
