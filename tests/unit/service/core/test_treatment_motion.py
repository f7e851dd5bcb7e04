"""Tone measured while the electrodes move, and tone that is older than its sample."""

from dataclasses import replace

import numpy as np
import pytest

from dsp.types import QualityFlag
from service.core.control import Level
from service.core.limits import compiled_limits
from service.core.model import Outcome, Phase, Sample, SampleArrived
from service.core.program import Program
from service.core.session import reduce
from service.core.state import Session, Setup, Treatment
from service.core.tone import Calibration, Relaxation, ZeroTime
from service.core.treatment import treat
from tests.support.sites import ONE_SITE
from tests.support.virtual_rig import VirtualRig

PROGRAM = Program()
CALIBRATION = Calibration(3.0, 600.0, 8.0, 1.0)
TENSE_UV, RELAXED_UV = 60.0, 6.0


def treating(**more) -> Session:
    setup = Setup("s", PROGRAM, compiled_limits(), ONE_SITE)
    started = Treatment(10.0, 10.0, level=Level(5.0, 12.0), law_state=None)
    started = replace(started, law_state=PROGRAM.law.start())
    session = Session(
        setup,
        phase=Phase.TREATING,
        zero=ZeroTime(0.0),
        calibration=CALIBRATION,
        treatment=started,
    )
    return replace(session, **more)


def after(session: Session, t_s: float, rms_uv: float, flags: QualityFlag, lag_s=0.0):
    sample = Sample(t_s, rms_uv, flags, lag_s)
    seen = replace(session, now_s=t_s, sample=sample, readback_s=t_s)
    changed, _ = treat(seen, sample)
    assert changed.treatment is not None
    return changed


def play(
    flags: QualityFlag, rms_uv: float, n: int = 18, step_s: float = 0.1
) -> Session:
    session = treating()
    for k in range(n):
        session = after(session, 10.1 + step_s * k, rms_uv, flags)
    return session


def test_tone_under_motion_does_not_raise_the_level() -> None:
    still = play(QualityFlag.GOOD, TENSE_UV).treatment
    moving = play(QualityFlag.DRIFT, TENSE_UV).treatment

    assert still.tone_pct_mvc == moving.tone_pct_mvc == pytest.approx(10.0, rel=0.01)
    assert still.level.amplitude > 5.0
    assert moving.level.amplitude == 5.0


def test_motion_that_is_over_is_forgotten() -> None:
    session = after(play(QualityFlag.DRIFT, TENSE_UV), 12.0, TENSE_UV, QualityFlag.GOOD)

    assert session.treatment is not None
    assert session.treatment.level.amplitude > 5.0


def test_tone_under_motion_does_not_count_as_relaxed() -> None:
    success = PROGRAM.success
    session = treating()
    evidence = {}
    for flags in (QualityFlag.GOOD, QualityFlag.DRIFT):
        relaxation = Relaxation()
        for k in range(round(success.hold_s / 0.1) + 1):
            relaxation = relaxation.after(
                0.1 * k, 0.5, success, believed=flags is QualityFlag.GOOD
            )
        evidence[flags] = relaxation.reached(success), relaxation.relaxed
    moving = after(session, 10.1, RELAXED_UV, QualityFlag.DRIFT).treatment
    still = after(session, 10.1, RELAXED_UV, QualityFlag.GOOD).treatment

    assert evidence == {
        QualityFlag.GOOD: (True, True),
        QualityFlag.DRIFT: (False, False),
    }
    assert (moving.relaxation.relaxed, still.relaxation.relaxed) == (False, True)


def test_a_relaxed_muscle_that_moves_stays_relaxed_unless_it_is_tense() -> None:
    success = PROGRAM.success
    relaxed = Relaxation().after(0.0, 1.0, success)

    assert relaxed.after(1.0, 1.0, success, believed=False).relaxed
    assert not relaxed.after(1.0, 9.0, success, believed=False).relaxed


def reassessed(flags: QualityFlag, for_s: float) -> Session:
    session = treating(
        phase=Phase.REASSESSING, phase_since_s=10.0, outcome=Outcome.REACHED
    )
    for k in range(round(for_s / 0.1)):
        now_s = 10.0 + 0.1 * k
        seen = replace(session, readback_s=now_s)
        sample = Sample(now_s, RELAXED_UV, flags)
        session, _ = reduce(seen, SampleArrived(now_s, sample))
    return session


def test_success_is_not_confirmed_under_motion() -> None:
    length_s = PROGRAM.timing.reassess_s
    still = reassessed(QualityFlag.GOOD, length_s + 1)
    waiting = reassessed(QualityFlag.DRIFT, length_s + 1)
    moving = reassessed(QualityFlag.DRIFT, 3 * length_s + 1)

    assert (still.phase, still.outcome) == (Phase.DONE, Outcome.REACHED)
    assert waiting.phase is Phase.REASSESSING
    assert (moving.phase, moving.outcome) == (Phase.DONE, Outcome.NOT_REACHED)
    assert "motion" in moving.cause


def test_a_cramp_lasts_as_long_as_it_was_measured_and_no_longer() -> None:
    early = after(treating(), 12.0, 150.0, QualityFlag.GOOD)
    held_back = after(early, 15.2, 150.0, QualityFlag.GOOD, lag_s=0.5)
    enough = after(early, 15.6, 150.0, QualityFlag.GOOD, lag_s=0.5)

    assert held_back.treatment.cramp.is_suspected
    assert held_back.phase is Phase.TREATING, "2.7 s were measured, not 3.2"
    assert (enough.phase, enough.cause) == (Phase.REASSESSING, "cramp")


def test_a_person_who_sways_is_not_stimulated_more() -> None:
    rig = VirtualRig()
    rig.open()
    rig.run(lambda r: r.phase == "treating" and r.state.session.level_ma > 1.0)
    level_ma, deliver = rig.state.session.level_ma, rig.hear

    def sway(event) -> None:
        if hasattr(event, "emg_uv"):
            slow = 4000.0 * np.sin(2 * np.pi * 0.7 * event.t_s)[:, np.newaxis]
            event = replace(event, emg_uv=event.emg_uv + slow)
        deliver(event)

    rig.hear = sway
    rig.pass_time(5.0)  # until an off part has been measured
    level_ma = rig.state.session.level_ma
    rig.pass_time(10.0)

    assert "drift" in rig.state.channels[0].quality
    assert rig.state.session.tone_pct_mvc > rig.state.session.threshold_pct_mvc
    assert 0 < rig.state.session.level_ma <= level_ma
    rig.hear = deliver
    rig.pass_time(15.0)
    assert rig.state.session.level_ma > level_ma
