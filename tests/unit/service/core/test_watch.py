"""Bad EMG, a missing operator, both at once, and numbers that are none."""

import math
from dataclasses import replace

import pytest

from dsp.types import QualityFlag
from service.core.arming import Safety
from service.core.ebb import QUALITY_HOLD_S, RAMP_S, Ebb
from service.core.model import Phase, Sample, TimePassed
from service.core.session import reduce
from service.core.slew import Established
from service.core.state import Session, SiteMemory
from service.core.watch import OPERATOR_GONE, emg_trouble, is_bad
from tests.support.pressed import treating

STEP_S = 0.1
PRESSED = SiteMemory(established=Established(0.0, 60.0, 60.0, 0.0))


def watched(*, operator_gone: bool) -> Session:
    session = treating()
    setup = replace(session.setup, safety=Safety(presence=True))
    present_s = -100.0 if operator_gone else math.inf
    return replace(session, setup=setup, sites=(PRESSED,), present_s=present_s)


def until_held(session: Session, is_bad_at) -> Session:
    """Let time pass until the session holds; bad EMG comes when it is said."""
    while session.phase is Phase.TREATING:
        now_s = round(session.now_s + STEP_S, 6)
        quality = QualityFlag.FLAT if is_bad_at(now_s) else QualityFlag.GOOD
        sample = Sample(now_s, 10.0, quality)
        session = replace(session, sample=sample, readback_s=now_s)
        session, _ = reduce(session, TimePassed(now_s))
        assert now_s < 20.0
    return session


def test_who_is_gone_is_not_waited_for_longer_because_the_signal_is_bad() -> None:
    session = until_held(watched(operator_gone=True), lambda t_s: t_s > 0.5)

    assert session.now_s == pytest.approx(RAMP_S + STEP_S)
    assert session.hold_reason == OPERATOR_GONE


def test_a_signal_that_comes_and_goes_does_not_keep_an_ebb_from_its_end() -> None:
    flickering = until_held(
        watched(operator_gone=True), lambda t_s: round(10 * t_s) % 2 == 0
    )

    assert flickering.now_s <= RAMP_S + 2 * STEP_S


def test_a_bad_signal_alone_holds_first() -> None:
    session = until_held(watched(operator_gone=False), lambda _t_s: True)

    assert session.now_s == pytest.approx(QUALITY_HOLD_S + RAMP_S + STEP_S)
    assert session.hold_reason == "quality"


def test_who_leaves_does_not_prolong_what_a_bad_signal_ends() -> None:
    falling = Ebb("quality", -1.5, 60.0, QUALITY_HOLD_S)
    both = replace(watched(operator_gone=True), ebb=falling)
    session = until_held(both, lambda _t_s: True)

    assert session.now_s == pytest.approx(falling.end_s)
    assert session.hold_reason == OPERATOR_GONE


def test_emg_without_a_time_is_stale() -> None:
    session = replace(treating(), sample=Sample(math.nan, 10.0, QualityFlag.GOOD))

    assert emg_trouble(session) == "stale"


@pytest.mark.parametrize("rms_uv", [math.nan, math.inf])
def test_emg_that_is_not_a_number_is_bad_whatever_its_flags_say(rms_uv) -> None:
    sample = Sample(0.0, rms_uv, QualityFlag.GOOD)

    assert is_bad(treating(), sample)
    assert not is_bad(treating(), Sample(0.0, 10.0, QualityFlag.GOOD))
