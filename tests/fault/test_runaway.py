"""Stimulation that leaks into what is measured does not drive itself up.

The leak is the worst of its kind: it stays in the measured tone while the output is
silent, as long as the level that caused it would come back.
"""

import math
import random
from dataclasses import replace

import pytest

from dsp.types import QualityFlag
from service.core import response
from service.core.decide import decide
from service.core.guards import CrampWatch
from service.core.limits import compiled_limits
from service.core.model import (
    Command,
    Outcome,
    Phase,
    ReadbackSeen,
    Sample,
    SampleArrived,
    SourceOpened,
    Verb,
)
from service.core.session import reduce
from service.core.state import Session, Setup
from service.rehearsal.virtual import demo_program
from tests.support.sites import ONE_SITE

N_SEEDS = 500
LEAK_PCT_MVC_PER_MA = 0.5
STEP_S = 0.1

#: Most sessions are short; every so many is long enough to be struck three times.
SHORT_S, LONG_S, LONG_EVERY = 40.0, 240.0, 40
MVC_UV, NOISE_UV = 500.0, 2.0
ENDED = {Phase.DONE, Phase.REASSESSING, Phase.FAULT}
NEXT = {Phase.CHECKING: Verb.CALIBRATE, Phase.READY: Verb.ARM, Phase.ARMED: Verb.START}


PROGRAM = demo_program()

pytestmark = pytest.mark.timeout(600)


def ready_session(treatment_s: float) -> Session:
    timing = replace(PROGRAM.timing, treatment_s=treatment_s)
    program = replace(PROGRAM, timing=timing)
    short = replace(program.calibration, relax_s=1.0, baseline_s=3.0)
    program = replace(program, calibration=short)
    setup = Setup("leak", program, compiled_limits(), ONE_SITE)
    session = Session(setup)
    for event in (Command(0.0, Verb.CONNECT), SourceOpened(0.0)):
        session, _ = reduce(session, event)
    return session


class Leaking:
    """A muscle that does not respond, seen through electrodes that leak."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)  # noqa: S311 - repeatable on purpose
        self.tone_pct = self.rng.uniform(4.0, 20.0)
        self.wobble = 0.0

    def rms_uv(self, level_ma: float) -> float:
        self.wobble += 0.1 * (self.rng.gauss(0.0, 1.0) - self.wobble)
        tone_pct = self.tone_pct * (1.0 + 0.05 * self.wobble)
        tone_pct += LEAK_PCT_MVC_PER_MA * level_ma
        return math.hypot(NOISE_UV, tone_pct / 100.0 * MVC_UV)


def treat(seed: int) -> tuple[Session, float]:
    """Return the session at the end of its treatment, and the highest level."""
    treatment_s = LONG_S if seed % LONG_EVERY == 0 else SHORT_S
    session, muscle = ready_session(treatment_s), Leaking(seed)
    t_s = peak_ma = 0.0
    while session.phase not in ENDED and t_s < 2 * LONG_S:
        t_s += STEP_S
        level_ma = session.treatment.level.amplitude if session.treatment else 0.0
        peak_ma = max(peak_ma, level_ma)
        sample = Sample(t_s, muscle.rms_uv(level_ma), QualityFlag.GOOD)
        session, _ = reduce(session, SampleArrived(t_s, sample))
        if session.phase in NEXT:
            verb = NEXT[session.phase]
            session, _ = reduce(
                session, Command(t_s, verb, noise_uv=NOISE_UV, mvc_uv=MVC_UV)
            )
        session, decision = decide(session)
        seen = ReadbackSeen(t_s, decision.active, decision.amplitude)
        session, _ = reduce(session, seen)
    return session, peak_ma


def test_a_leak_never_drives_the_level_away() -> None:
    worst_ratio = 0.0
    for seed in range(N_SEEDS):
        session, peak_ma = treat(seed)
        assert session.calibration is not None
        baseline = session.calibration.baseline_pct_mvc
        plan = session.setup.program.response
        # The leak is an adverse response once it lifts the tone above this, and a
        # window of one bout may pass before it is judged.
        adverse_pct = max(
            plan.adverse_ratio * baseline,
            baseline + plan.adverse_sd * session.calibration.baseline_sd_pct_mvc,
        )
        bout = session.setup.program.bout
        one_bout_ma = session.setup.program.law.up_ma_per_s * (bout.on_s + bout.off_s)
        bound_ma = (1.1 * adverse_pct - 0.9 * baseline) / LEAK_PCT_MVC_PER_MA
        worst_ratio = max(worst_ratio, peak_ma / (bound_ma + 2 * one_bout_ma))
        assert session.phase in ENDED, seed
        assert session.outcome in {Outcome.ADVERSE, Outcome.NOT_REACHED}, seed

    assert 0.2 < worst_ratio <= 1.0


def test_without_the_guards_it_would_run_away(monkeypatch) -> None:
    said = ready_session

    def unguarded(treatment_s: float) -> Session:
        session = said(treatment_s)
        deaf = replace(session.setup.program.response, adverse_ratio=1e9)
        program = replace(session.setup.program, response=deaf)
        return replace(session, setup=replace(session.setup, program=program))

    guarded = [treat(seed)[1] for seed in range(5)]
    monkeypatch.setitem(globals(), "ready_session", unguarded)
    monkeypatch.setattr(response, "is_paradoxical", lambda _windows: False)
    for name in ("is_cramp", "is_suspected"):
        monkeypatch.setattr(CrampWatch, name, property(lambda _watch: False))
    free = [treat(seed)[1] for seed in range(5)]

    assert all(wild > 1.5 * tame for wild, tame in zip(free, guarded, strict=True))
