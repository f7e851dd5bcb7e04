"""Faults on purpose: what can go wrong, who is made to do it, and what must follow."""
