"""Events and indices of muscle activity, streaming and with bounded memory."""
