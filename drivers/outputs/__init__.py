"""Where stimulation goes: one module per kind of device."""
