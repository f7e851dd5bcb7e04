"""A simulated source under a manual clock, for the contract suite of sources."""

from drivers.clock import ManualClock
from drivers.sources.simulated import SimulatedSource
from drivers.subject.presets import subject_params
from drivers.subject.subject import SimulatedSubject


def simulated_factory(name="simulated", *, seed=1, n_channels=2, clock=None):
    """Return a source that is not open yet; pass a clock to share it."""
    subject = SimulatedSubject(
        subject_params("responder", seed), 2048.0, n_channels, seed
    )
    return SimulatedSource(name, subject, clock or ManualClock())
