"""A pressure release whose muscle, device and words tests choose, step by step."""

import math
from dataclasses import replace

from dsp.types import QualityFlag
from service.core.actuators import Wiring
from service.core.decide import Decision, decide
from service.core.limits import Quantity, compiled_limits, tighten
from service.core.measures import BEFORE, Entered
from service.core.model import (
    Command,
    Note,
    Phase,
    ReadbackSeen,
    Sample,
    SampleArrived,
    Verb,
)
from service.core.plans import Measure, Modality
from service.core.program import Program
from service.core.release_plan import ReleasePlan
from service.core.release_run import Release
from service.core.session import reduce
from service.core.state import Member, Session, Setup, Site, Treatment
from service.core.tone import Calibration, ZeroTime

TICK_S = 0.1
NOISE_UV, MVC_UV = 2.0, 500.0
BASELINE = 12.0
CALIBRATION = Calibration(NOISE_UV, MVC_UV, BASELINE, 0.5)
PLAN = ReleasePlan()
CEILING_KPA = 160.0


def sample_of(t_s: float, tone_pct_mvc: float) -> Sample:
    """Return EMG that is measured as this tone."""
    rms_uv = math.hypot(NOISE_UV, MVC_UV * tone_pct_mvc / 100.0)
    return Sample(t_s, rms_uv, QualityFlag.GOOD)


def program_of(*, hands: bool = False, **plan: float) -> Program:
    """Return a program of this kind, with other numbers in its plan."""
    return Program(
        name="pressed",
        max_amplitude=0.0 if hands else CEILING_KPA,
        pulse_width_us=0.0,
        frequency_hz=0.0,
        modality=Modality.NONE if hands else Modality.PRESSURE,
        release=replace(PLAN, **plan),
    )


def treating(
    program: Program | None = None,
    labels: tuple[str, ...] = ("neck",),
    n_sites: int = 1,
    ppt_kpa: float | None = None,
) -> Session:
    """Return a session whose treatment begins now; all muscles were calibrated."""
    program = program or program_of()
    sites = tuple(
        Site(Wiring(250.0, 1.0, 0.0, Modality.PRESSURE), k, f"pad {k + 1}")
        for k in range(n_sites)
    )
    bounds = {Quantity.PRESSURE_KPA: CEILING_KPA}
    limits = tighten(compiled_limits(), "pressed", bounds)
    painful = Measure.PRESSURE_PAIN_THRESHOLD_KPA
    return Session(
        Setup("s", program, limits, sites, labels),
        phase=Phase.TREATING,
        calibration=CALIBRATION,
        company=tuple(Member(label, CALIBRATION) for label in labels[1:]),
        treatment=Treatment(started_s=0.0, bout_s=0.0),
        zero=ZeroTime(-10.0),
        readback_s=0.0,
        entries=() if ppt_kpa is None else (Entered(painful, BEFORE, ppt_kpa),),
    )


class Couch:
    """Lets time pass for a session: EMG comes, a device does what it is allowed."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.tone = BASELINE
        self.others: tuple[float, ...] = (1.0,) * len(session.company)
        self.notes: list[Note] = []
        self.decisions: list[tuple[float, Decision]] = []

    @property
    def run(self) -> Release:
        """Where the release is."""
        treatment = self.session.treatment
        assert treatment is not None
        assert treatment.release is not None
        return treatment.release

    @property
    def pressed_kpa(self) -> float:
        """What the newest decision allows."""
        return self.decisions[-1][1].amplitude

    def tick(self) -> None:
        """Let one update pass."""
        now_s = self.session.now_s + TICK_S
        amplitude = self.decisions[-1][1].amplitude if self.decisions else 0.0
        self._reduce(ReadbackSeen(now_s, active=amplitude > 0, amplitude=amplitude))
        others = tuple(sample_of(now_s, tone) for tone in self.others)
        self._reduce(SampleArrived(now_s, sample_of(now_s, self.tone), others))
        self._decide()

    def pass_time(self, duration_s: float) -> None:
        """Let so much time pass."""
        for _ in range(round(duration_s / TICK_S)):
            self.tick()

    def until(self, step: str, longest_s: float = 300.0) -> None:
        """Let time pass until this step begins."""
        end_s = self.session.now_s + longest_s
        while self.session.treatment.release is None or self.run.step != step:
            assert self.session.now_s < end_s, f"still {self.run.step}, not {step}"
            assert self.session.phase is Phase.TREATING, self.session.cause
            self.tick()

    def until_over(self, longest_s: float = 1500.0) -> None:
        """Let time pass until the treatment has ended."""
        end_s = self.session.now_s + longest_s
        while self.session.phase is Phase.TREATING:
            assert self.session.now_s < end_s, f"still {self.run.step}"
            self.tick()

    def say(self, text: str) -> str:
        """Mark something; return why it is refused, if it is."""
        before = len(self.notes)
        self._reduce(Command(self.session.now_s, Verb.MARK, text=text))
        self._decide()
        refused = [n for n in self.notes[before:] if n.kind == "refused"]
        return str(refused[0].detail["why"]) if refused else ""

    def ask(self, verb: Verb, **more: float) -> None:
        """Let an operator ask for something."""
        self._reduce(Command(self.session.now_s, verb, **more))
        self._decide()

    def why(self) -> list[str]:
        """Return why each step so far has ended."""
        return [str(n.detail["why"]) for n in self.notes if n.kind == "release"]

    def kinds(self, kind: str) -> list[dict]:
        """Return the details of the notes of a kind."""
        return [note.detail for note in self.notes if note.kind == kind]

    def _reduce(self, event) -> None:
        self.session, notes = reduce(self.session, event)
        self.notes += notes

    def _decide(self) -> None:
        self.session, decision = decide(self.session)
        self.decisions.append((self.session.now_s, decision))


def lying(**more) -> Couch:
    """Return somebody whose treatment begins now."""
    return Couch(treating(**more))


def held(couch: Couch) -> Couch:
    """Return them once the pressure is held."""
    couch.until("hold")
    return couch


def a_cycle(couch: Couch, *, tone_after: float) -> None:
    """Play a cycle that releases, with the effort as it is asked for."""
    couch.until("hold")
    couch.tone = 0.4 * couch.tone
    couch.until("effort")
    couch.tone = 25.0
    couch.until("settle")
    couch.tone = tone_after
    couch.until("check")
