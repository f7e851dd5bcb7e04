"""Published tables of physiology, computed again from the simulated subject."""
