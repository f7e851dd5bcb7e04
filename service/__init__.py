"""The closed loop as a service: session, roles, API, command line."""
