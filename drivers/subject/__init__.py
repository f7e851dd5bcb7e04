"""A simulated person: tone, recruitment, EMG and everything that contaminates it."""
