"""A session in treatment whose tone is scripted, with core and permit gate only."""

from collections.abc import Callable
from dataclasses import replace

from dsp.types import QualityFlag
from service.core.actuators import Wiring
from service.core.decide import Decision, decide
from service.core.limits import compiled_limits, tighten
from service.core.model import (
    Command,
    Phase,
    ReadbackSeen,
    Sample,
    SampleArrived,
    Verb,
)
from service.core.plans import Modality
from service.core.program import Program
from service.core.session import reduce
from service.core.stage import Stage
from service.core.state import Session, Setup, Site, Treatment
from service.core.tone import Calibration, ZeroTime

STEP_S = 0.1
MVC_UV = 1000.0
BASELINE_PCT_MVC = 12.0
WIRINGS = {
    Modality.MASSAGE: Wiring(200.0, 0.0, 0.0, Modality.MASSAGE),
    Modality.VIBRATION: Wiring(2.0, 0.0, 0.0, Modality.VIBRATION),
    Modality.MAT: Wiring(40.0, 0.0, 0.0, Modality.MAT),
}

Tone = Callable[["Played"], float]


class Played:
    """Steps through a treatment; ``amplitudes`` holds what went out, step by step."""

    def __init__(
        self, program: Program, n_sites: int = 4, stage: Stage = Stage.CLOSED
    ) -> None:
        wiring = WIRINGS[program.modality]
        sites = tuple(Site(wiring, k, f"site-{k + 1}") for k in range(n_sites))
        bounds = {wiring.actuator.amplitude: program.max_amplitude}
        limits = tighten(compiled_limits(), program.name, bounds)
        setup = Setup("s", program, limits, sites, stage=stage)
        self.session = Session(
            setup,
            phase=Phase.TREATING,
            zero=ZeroTime(-10.0),
            calibration=Calibration(0.0, MVC_UV, BASELINE_PCT_MVC, 0.3),
            treatment=Treatment(started_s=0.0, bout_s=0.0),
            readback_s=0.0,
        )
        self.now_s = 0.0
        self.times: list[float] = []
        self.decisions: list[Decision] = []
        self.notes: list[tuple[float, str, dict]] = []

    @property
    def treatment(self) -> Treatment:
        assert self.session.treatment is not None
        return self.session.treatment

    @property
    def amplitudes(self) -> tuple[float, ...]:
        """What goes out now."""
        newest = self.decisions[-1].amplitudes if self.decisions else ()
        return newest or (0.0,) * len(self.session.setup.sites)

    @property
    def on_share(self) -> float:
        """How hard the row or the mat presses now, of what the program allows."""
        return max(self.amplitudes) / self.session.setup.program.max_amplitude

    def step(
        self, tone_pct_mvc: float, *, quality: QualityFlag = QualityFlag.GOOD
    ) -> None:
        self.now_s = round(self.now_s + STEP_S, 6)
        out = max(self.amplitudes)
        self.take(ReadbackSeen(self.now_s, active=True, amplitude=out))
        sample = Sample(self.now_s, tone_pct_mvc * MVC_UV / 100.0, quality)
        self.take(SampleArrived(self.now_s, sample))
        self.session, decision = decide(self.session)
        self.times.append(self.now_s)
        self.decisions.append(decision)

    def take(self, event: object) -> list[tuple[float, str, dict]]:
        self.session, notes = reduce(self.session, event)  # type: ignore[arg-type]
        told = [(self.now_s, note.kind, dict(note.detail)) for note in notes]
        self.notes += told
        return told

    def run(self, duration_s: float, tone: Tone | float) -> "Played":
        """Go on for so long, or until the treatment ends."""
        for _ in range(round(duration_s / STEP_S)):
            if self.session.phase not in {Phase.TREATING, Phase.WEANING}:
                break
            self.step(tone if isinstance(tone, float) else tone(self))
        return self

    def mark(self, text: str) -> list[tuple[float, str, dict]]:
        return self.take(Command(self.now_s, Verb.MARK, text=text))

    def interrupt(self, holds_s: float = 3.0) -> None:
        """Hold and go on."""
        self.take(Command(self.now_s, Verb.HOLD))
        for _ in range(round(holds_s / STEP_S)):
            self.step(BASELINE_PCT_MVC)
            assert max(self.amplitudes) == 0.0
        self.take(Command(self.now_s, Verb.START))

    def told(self, kind: str) -> list[dict]:
        return [detail for _, name, detail in self.notes if name == kind]

    def series(self, site: int) -> list[float]:
        return [d.amplitudes[site] if d.amplitudes else 0.0 for d in self.decisions]


def unhurried(program: Program, **timing: float) -> Program:
    """Return a program without an end that a test would have to wait for."""
    limits = {"treatment_s": 1800.0, **timing}
    return replace(program, timing=replace(program.timing, **limits))
