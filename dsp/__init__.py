"""Streaming arithmetic on EMG chunks: no clock, no input or output, no randomness."""
