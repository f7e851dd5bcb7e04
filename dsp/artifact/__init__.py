"""Stimulation artifact: find the pulses, blank them, clean what follows them."""
