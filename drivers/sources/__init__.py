"""Where EMG comes from: one module per kind of source."""
