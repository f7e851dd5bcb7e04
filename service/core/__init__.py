"""Pure decisions: session, control law, limits. Time is an argument."""
