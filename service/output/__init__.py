"""The output role: owns the device, re-checks every limit, lets permits expire."""
