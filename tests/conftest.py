"""What holds for every test."""

from hypothesis import settings

# A deadline is an assertion on time, which a busy host breaks.
settings.register_profile("unclench", deadline=None)
settings.load_profile("unclench")
