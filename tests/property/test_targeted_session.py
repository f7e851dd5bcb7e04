"""Several muscles: whatever happens, every bound of every site holds."""

import math

from hypothesis import given, settings
from hypothesis import strategies as st

from dsp.types import QualityFlag
from service.core.company import treatments_of
from service.core.model import (
    STIMULATING_PHASES,
    Command,
    FaultRaised,
    Phase,
    ReadbackSeen,
    SourceLost,
    SourceOpened,
    TimePassed,
    Verb,
)
from service.core.program import Program
from service.core.turns import TargetedPlan
from tests.support.muscles import MVC_UV, Emg, Player, player

LABELS = ("left", "right", "neck", "back")
MAX_MA = 15.0
#: Compiled: the fastest rise from zero of what has not been felt lately, per second.
SLEW_MA_PER_S = 1.0

TONES = st.lists(st.floats(0.0, 60.0), min_size=4, max_size=4)
EVENTS = st.lists(
    st.tuples(
        st.sampled_from(
            ["run", "run", "run", "bad", "silent", "open", "lost", "fault", "nan"]
        )
        | st.sampled_from([v for v in Verb if v is not Verb.CONNECT]),
        TONES,
        st.floats(0.05, 12.0),
    ),
    max_size=12,
)


def treated(n: int) -> Player:
    played = player(LABELS[:n], Program(targeted=TargetedPlan()), n_sites=n)
    played.treat([Emg()] * n)
    return played


#: Immutable sessions: each example goes on from the same one.
STARTED = {n: treated(n) for n in (2, 4)}


def happen(played: Player, kind: object, tones: list[float], span_s: float) -> None:
    n = len(played.session.setup.muscles)
    levels = [tone * MVC_UV / 100.0 for tone in tones[:n]]
    if isinstance(kind, Verb):
        text = "tolerance" if kind is Verb.MARK else ""
        played.tell(Command(played.now_s, kind, amplitude_ma=span_s, text=text))
    elif kind == "run":
        played.run(span_s, lambda k: tones[k])
    elif kind == "bad":
        played.hear(levels, QualityFlag.FLAT)
    elif kind == "nan":
        played.hear([math.nan, *levels[1:]], QualityFlag.NON_FINITE)
    elif kind == "silent":
        played.now_s += 0.3
        played.tell(TimePassed(played.now_s))
    elif kind == "open":
        played.tell(SourceOpened(played.now_s))
    elif kind == "lost":
        played.tell(SourceLost(played.now_s, "gone"))
    else:
        played.tell(FaultRaised(played.now_s, "test"))


@settings(max_examples=40)
@given(st.sampled_from([2, 4]), EVENTS)
def test_every_bound_holds_for_every_muscle_whatever_happens(n: int, events) -> None:
    played = Player(STARTED[n].session, STARTED[n].now_s)
    played.tell(ReadbackSeen(played.now_s, active=False, amplitude=0.0))
    for kind, tones, span_s in events:
        before = len(played.put)
        phase = played.session.phase
        happen(played, kind, tones, span_s)

        for put in played.put[before:]:
            assert sum(amplitude > 0 for amplitude in put) <= 2
            assert all(0.0 <= amplitude <= MAX_MA for amplitude in put)
        for treatment, drive in zip(
            treatments_of(played.session), played.decision.drives, strict=False
        ):
            assert math.isfinite(drive.amplitude)
            assert drive.amplitude <= max(treatment.level.amplitude, 0.0) + 1e-9
            if treatment.turn.ended:
                assert drive.amplitude == 0.0
        if played.session.phase not in STIMULATING_PHASES:
            assert not any(played.decision.amplitudes)
        if kind is Verb.STOP or kind == "fault":
            assert played.session.phase in {Phase.DONE, Phase.FAULT}
        if phase is not Phase.HOLDING and played.session.phase is Phase.HOLDING:
            assert all(t.level.amplitude == 0.0 for t in treatments_of(played.session))


@settings(max_examples=15)
@given(TONES, TONES)
def test_no_muscle_rises_faster_than_its_slew_limit(first, then) -> None:
    played = Player(STARTED[4].session, STARTED[4].now_s)
    highest = [0.0] * 4
    for tones in (first, then):
        for _ in range(200):
            started_s = played.now_s
            played.run(0.05, lambda k, tones=tones: tones[k])
            if not played.decision.amplitudes:
                return
            for k, amplitude in enumerate(played.decision.amplitudes):
                # On the grid of the device a rise may be one step of 0.5 mA.
                rise = SLEW_MA_PER_S * (played.now_s - started_s) + 0.5
                if amplitude > highest[k]:
                    assert amplitude - highest[k] <= rise
                    highest[k] = amplitude
