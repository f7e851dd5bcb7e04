"""Ways in which hardware says stop."""
