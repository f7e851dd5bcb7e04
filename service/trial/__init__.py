"""Randomised trials on simulated subjects, in virtual time."""
