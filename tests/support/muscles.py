"""Sessions that look at several muscles, whose EMG tests choose step by step."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from dsp.types import QualityFlag
from service.core.actuators import Wiring
from service.core.decide import NO_DECISION, Decision, decide
from service.core.limits import compiled_limits
from service.core.model import (
    STIMULATING_PHASES,
    Command,
    Note,
    Phase,
    ReadbackSeen,
    Sample,
    SampleArrived,
    SourceOpened,
    Verb,
)
from service.core.program import CalibrationPlan, Program
from service.core.session import reduce
from service.core.state import Session, Setup, Site

NOISE_UV = 3.0
MVC_UV = 400.0
QUICK = CalibrationPlan(
    rest_s=5, mvc_s=4, mvc_trials=2, pause_s=2, relax_s=2, baseline_s=4
)
STEP_S = 0.05


@dataclass(frozen=True)
class Emg:
    """What a muscle shows in the steps of a calibration, in microvolt."""

    rest_uv: float = NOISE_UV
    mvc_uv: float = MVC_UV
    baseline_uv: float = 60.0

    def in_step(self, name: str) -> float:
        """Return its RMS in a step."""
        levels = {"mvc": self.mvc_uv, "rvc": self.mvc_uv, "baseline": self.baseline_uv}
        return levels.get(name, self.rest_uv)


def setup_of(labels: Sequence[str], program: Program, n_sites: int = 1) -> Setup:
    """Return a setup with so many muscles, and stimulator channels."""
    sites = tuple(Site(Wiring(30.0, 0.5, 25.0), k) for k in range(n_sites))
    return Setup("s", program, compiled_limits(), sites, tuple(labels))


@dataclass
class Player:
    """Feeds a session with EMG, and remembers what it told."""

    session: Session
    now_s: float = 0.0
    notes: list[Note] = field(default_factory=list)
    decision: Decision = NO_DECISION
    put: list[tuple[float, ...]] = field(default_factory=list)
    rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(1))

    def tell(self, event: object) -> None:
        """Let something happen."""
        self.session, notes = reduce(self.session, event)
        self.notes += notes
        self.session, self.decision = decide(self.session)
        self.put.append(self.decision.amplitudes)

    def ask(self, verb: Verb, **more: object) -> None:
        """Ask for something."""
        self.tell(Command(self.now_s, verb, **more))

    def hear(self, levels_uv: Sequence[float], quality=QualityFlag.GOOD) -> None:
        """Let the next samples of all muscles come."""
        self.now_s += STEP_S
        noisy = [uv * (1 + 0.01 * self.rng.standard_normal()) for uv in levels_uv]
        first, *others = (Sample(self.now_s, uv, quality, 0.0, uv) for uv in noisy)
        amplitude = self.decision.amplitude
        self.tell(ReadbackSeen(self.now_s, amplitude > 0, amplitude))
        self.tell(SampleArrived(self.now_s, first, tuple(others)))

    def calibrate(self, muscles: Sequence[Emg], **given: float) -> None:
        """Connect and calibrate until the session is ready or refuses."""
        self.ask(Verb.CONNECT)
        self.tell(SourceOpened(self.now_s))
        while self.session.phase is not Phase.CALIBRATING:
            self.hear([one.rest_uv for one in muscles])
            if self.now_s > 3.0:
                self.ask(Verb.CALIBRATE, **given)
                if self.session.phase is not Phase.CALIBRATING:
                    return
        while self.session.phase is Phase.CALIBRATING:
            run = self.session.calibrating
            self.hear([one.in_step(run.step.name) for one in muscles])

    def treat(self, muscles: Sequence[Emg]) -> None:
        """Calibrate, arm and start."""
        self.calibrate(muscles)
        while self.session.phase is Phase.READY:
            self.hear([one.baseline_uv for one in muscles])
            self.ask(Verb.ARM)
        self.ask(Verb.START)
        assert self.session.phase is Phase.TREATING
        self.put.clear()
        self.notes.clear()

    def run(self, duration_s: float, tone_pct: Callable[[int], float]) -> None:
        """Let the muscles have a tone in %MVC for so long, or until the treatment ends.

        Whatever is stimulated spoils the EMG of all.
        """
        end_s = self.now_s + duration_s
        while self.now_s < end_s and self.session.phase in STIMULATING_PHASES:
            spoilt = MVC_UV if self.decision.amplitude > 0 else 0.0
            n = len(self.session.setup.muscles)
            tones = (tone_pct(k) * MVC_UV / 100.0 for k in range(n))
            self.hear([math.hypot(uv, NOISE_UV) + spoilt for uv in tones])

    def told(self, kind: str) -> list[Mapping]:
        """Return the details of all notes of a kind."""
        return [note.detail for note in self.notes if note.kind == kind]


def player(labels: Sequence[str], program: Program | None = None, **more) -> Player:
    """Return a session that has not begun yet."""
    program = replace(program or Program(), calibration=QUICK)
    return Player(Session(setup_of(labels, program, **more)))
