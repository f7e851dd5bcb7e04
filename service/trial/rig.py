"""The rig of a simulated session: the true engine and output at an unhurried pace.

Nothing is left out that decides or limits: core, guards, DSP, permits, the gate of the
output and the device with its own expiry are those of a rig. What is coarser is time:
the amplifier sends every 100 ms, as wireless ones do, and without news engine and
output look at the time no more often, but for a rising amplitude: each permit allows
one step, so that they come as fast as on a rig.
"""

from drivers.subject.listeners import FEEDBACK_KIND
from drivers.subject.subject import SubjectParams
from service.core.drives import is_planned, wanted_drives
from service.core.model import STIMULATING_PHASES
from service.core.plans import Modality
from service.core.program import Program
from service.core.state import Session
from service.engine.engine import TICK_S
from service.messages import Event
from service.rehearsal.options import RigOptions
from service.rehearsal.virtual import NS_PER_S, VirtualRig

N_CHANNELS = 2
SAMPLE_RATE_HZ = 2000.0
CHUNK_SAMPLES = 200
#: Where nothing rises. A: well below the time after which EMG counts as stale.
IDLE_TICK_S = 0.1
IDLE_SCAN_MS = 100
IDLE_TICK_NS, TICK_NS = round(IDLE_TICK_S * NS_PER_S), round(TICK_S * NS_PER_S)

UNWATCHED = RigOptions(watched=False)
#: Whoever is touched says what it feels like; pulses are marked by nobody here, as the
#: thresholds that a mark can only lower are what a loop is compared without.
SPEAKING = RigOptions(watched=False, speaks=True)


class TrialRig(VirtualRig):
    """One subject of a trial, one session; ``shown`` is whether a screen is on."""

    chunk_samples = CHUNK_SAMPLES
    sample_rate_hz = SAMPLE_RATE_HZ
    scan_ms = IDLE_SCAN_MS

    def __init__(
        self, subject: SubjectParams, seed: int, program: Program, *, shown: bool = True
    ) -> None:
        touches = program.actuates and program.modality is not Modality.EMS
        super().__init__(
            subject,
            seed,
            program=program,
            n_channels=N_CHANNELS,
            options=SPEAKING if touches else UNWATCHED,
        )
        self._is_planned = is_planned(program)
        self._shown = shown

    def _tick_ns(self) -> int:
        session = self.engine.session
        treatment = session.treatment if session else None
        if session is None or treatment is None or not self.permits:
            return IDLE_TICK_NS
        channels = self.permits[-1].channels
        if self._is_planned:
            rises = self._is_pattern_rising(session)
        else:
            rises = treatment.on and channels[0].amplitude < treatment.level.amplitude
        return TICK_NS if rises else IDLE_TICK_NS

    def _is_pattern_rising(self, session: Session) -> bool:
        """Return whether any actuator is below what its plan wants."""
        if session.phase not in STIMULATING_PHASES:
            return False
        channels = self.permits[-1].channels
        return any(
            channels[site.index].amplitude < drive.amplitude
            for site, drive in zip(
                session.setup.sites, wanted_drives(session) or (), strict=False
            )
        )

    def _show(self, event: Event) -> None:
        if self._shown or event.kind != FEEDBACK_KIND:
            super()._show(event)
