"""A recording read offline: what is in it, and what its tension is."""
