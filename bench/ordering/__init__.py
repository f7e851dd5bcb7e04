"""Loops with and without guards on the same people: which of them is better at what."""
