"""What came of one session of a trial."""

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one session. Times are counted from the start of the treatment.

    ``stop`` is the phase it ended in or the outcome, ``reason`` why. ``reached_s`` is
    the beginning of the first hold below the threshold. ``sign_s`` is when the true
    tone first rose above the adverse bar under stimulation, ``zero_after_sign_s`` how
    long it took from there to a silence longer than the pauses between two bouts.
    ``residual_amplitude`` is what is still given at the end of the longest treatment.
    ``naive_dose`` is what the program's limits would have let through in its
    longest treatment if nothing had guarded it, ``treatable`` whether any level within
    them could have relaxed this person; both are known for pulses of one muscle only.
    Doses and amplitudes are in ``unit``, over all actuators; ``counts`` are what a
    program counts, ``finding`` is what an observation has come to. With several
    muscles ``reached_s`` is when all were below the threshold, and tone is judged
    muscle by muscle. Of ``updates``, every 100 ms of the treatment,
    those count as false in which the session said relaxed while the true tone was
    above the exit level, grossly so by more than the error that a tension may have;
    ``measured_updates`` are those that came with a new tone.
    """

    cohort: str
    subject: int
    arm: str
    randomised: bool
    stop: str
    reason: str
    treated_s: float = 0.0
    reached_s: float | None = None
    unit: str = ""
    dose: float = 0.0
    peak_amplitude: float = 0.0
    residual_amplitude: float | None = None
    naive_dose: float | None = None
    treatable: bool | None = None
    strikes: int = 0
    relapses: int = 0
    baseline_pct_mvc: float | None = None
    peak_tone_ratio: float | None = None
    final_tone_pct_mvc: float | None = None
    at_cap_s: float = 0.0
    sign_s: float | None = None
    zero_after_sign_s: float | None = None
    updates: int = 0
    false_relaxed: int = 0
    grossly_false_relaxed: int = 0
    missed_relaxed: int = 0
    measured_updates: int = 0
    measured_false_relaxed: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    finding: str = ""
    violations: tuple[str, ...] = ()

    def to_data(self) -> dict[str, Any]:
        """Return what JSON can hold."""
        return asdict(self)
