"""The engine role: sources, chain, session and decisions of one rig."""
