"""Streaming arithmetic on EMG chunks: no clock, no input or output, no randomness."""

from dsp.chain import ChainParams, EmgChain, Measurement, Reading

__all__ = ["ChainParams", "EmgChain", "Measurement", "Reading"]
