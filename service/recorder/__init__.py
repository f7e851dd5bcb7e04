"""The role that keeps the journal: what was decided, from what, and what came of it."""
