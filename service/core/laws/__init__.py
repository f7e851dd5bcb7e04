"""Control laws behind one protocol: from the tone to the level that is asked for."""
