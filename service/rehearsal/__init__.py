"""The whole loop in one process and in virtual time, to rehearse what may go wrong."""
