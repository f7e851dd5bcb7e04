"""Readers of recorded files, one module per format."""
