"""The rig of a simulated session: the true engine and output at an unhurried pace.

Nothing is left out that decides or limits: core, guards, DSP, permits, the gate of the
output and the device with its own expiry are those of a rig. What is coarser is time:
the amplifier sends every 100 ms, as wireless ones do, and without news engine and
output look at the time no more often, but for a rising amplitude: each permit allows
one step, so that they come as fast as on a rig.
"""

from drivers.subject.subject import SubjectParams
from service.core.program import Program
from service.engine.engine import TICK_S
from service.rehearsal.options import RigOptions
from service.rehearsal.virtual import NS_PER_S, VirtualRig

N_CHANNELS = 2
SAMPLE_RATE_HZ = 2000.0
CHUNK_SAMPLES = 200
#: Where nothing rises. A: well below the time after which EMG counts as stale.
IDLE_TICK_S = 0.1
IDLE_SCAN_MS = 100

UNWATCHED = RigOptions(watched=False)


class TrialRig(VirtualRig):
    """One subject of a trial, one session."""

    chunk_samples = CHUNK_SAMPLES
    sample_rate_hz = SAMPLE_RATE_HZ
    scan_ms = IDLE_SCAN_MS

    def __init__(self, subject: SubjectParams, seed: int, program: Program) -> None:
        super().__init__(
            subject, seed, program=program, n_channels=N_CHANNELS, options=UNWATCHED
        )

    def _tick_ns(self) -> int:
        session = self.engine.session
        treatment = session.treatment if session else None
        if treatment is None or not (treatment.on and self.permits):
            return round(IDLE_TICK_S * NS_PER_S)
        rises = self.permits[-1].channels[0].amplitude < treatment.level.level_ma
        return round((TICK_S if rises else IDLE_TICK_S) * NS_PER_S)
