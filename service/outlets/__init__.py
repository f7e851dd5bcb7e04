"""The role that tells the lab over LSL: session events and tension."""
