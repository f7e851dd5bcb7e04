"""Quality flags that pulses explain, and those that forbid to go on."""

import math

import pytest

from dsp.types import QualityFlag
from service.core.limits import compiled_limits
from service.core.model import Phase, Sample
from service.core.program import Program
from service.core.state import Session, Setup
from service.core.tone import ZeroTime
from service.core.watch import QUALITY_WINDOW_S, is_bad
from tests.support.sites import ONE_SITE

NOW_S = 100.0
CLIPPED, RAILED = QualityFlag.CLIPPED, QualityFlag.RAILED


def judged(flags: QualityFlag, silent_s: float, phase: Phase = Phase.TREATING) -> bool:
    setup = Setup("s", Program(), compiled_limits(), ONE_SITE)
    since_s = NOW_S - Program().bout.settle_s - silent_s
    session = Session(setup, now_s=NOW_S, phase=phase, zero=ZeroTime(since_s))
    return is_bad(session, Sample(NOW_S, 20.0, flags, 0.0))


@pytest.mark.parametrize("flag", [CLIPPED, QualityFlag.MAINS])
def test_pulses_in_the_window_explain_a_short_rail_and_hum(flag: QualityFlag) -> None:
    assert not judged(flag, QUALITY_WINDOW_S - 0.1)
    assert judged(flag, QUALITY_WINDOW_S + 0.1)
    assert judged(flag, 0.0, phase=Phase.CALIBRATING)


@pytest.mark.parametrize(
    "flag", [CLIPPED | RAILED, QualityFlag.FLAT, QualityFlag.LEAD_OFF | CLIPPED]
)
def test_they_explain_neither_a_long_rail_nor_a_lost_electrode(
    flag: QualityFlag,
) -> None:
    assert judged(flag, 0.0)
    assert judged(flag, QUALITY_WINDOW_S + 0.1)


def test_no_number_is_explained_by_the_pulses_in_its_window_only() -> None:
    def is_bad_now(flags: QualityFlag, silent_s: float) -> bool:
        setup = Setup("s", Program(), compiled_limits(), ONE_SITE)
        since_s = NOW_S - Program().bout.settle_s - silent_s
        zero = ZeroTime(since_s)
        session = Session(setup, now_s=NOW_S, phase=Phase.TREATING, zero=zero)
        return is_bad(session, Sample(NOW_S, math.nan, flags, 0.0))

    assert not is_bad_now(QualityFlag.ARTIFACT, 0.0)
    assert is_bad_now(QualityFlag.ARTIFACT, QUALITY_WINDOW_S)
    assert is_bad_now(QualityFlag.GOOD, 0.0)
