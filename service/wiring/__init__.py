"""The one place that builds objects from a configuration."""
