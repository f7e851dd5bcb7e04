"""Rig files and programs: TOML, every key with its unit, unknown keys refused."""
