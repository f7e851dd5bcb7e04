"""The session answers everything, and no way leads around an acknowledgement."""

from hypothesis import given, settings
from hypothesis import strategies as st

from dsp.types import QualityFlag
from service.core.decide import decide
from service.core.limits import compiled_limits
from service.core.model import (
    STIMULATING_PHASES,
    Command,
    FaultRaised,
    Phase,
    ReadbackSeen,
    Sample,
    SampleArrived,
    SourceLost,
    SourceOpened,
    TimePassed,
    Verb,
)
from service.core.program import Program
from service.core.session import reduce
from service.core.state import Session, Setup
from tests.support.sites import ONE_SITE

KINDS = st.sampled_from(["sample", "bad", "time", "open", "lost", "read", "fault"])
EVENTS = st.lists(
    st.tuples(KINDS | st.sampled_from(Verb), st.floats(0, 5)), max_size=60
)


def new_session() -> Session:
    return Session(Setup("s", Program(), compiled_limits(), ONE_SITE))


def event_of(kind: str, now_s: float):
    if isinstance(kind, Verb):
        return Command(now_s, kind, noise_uv=1.0, mvc_uv=400.0)
    return {
        "sample": SampleArrived(now_s, Sample(now_s, 60.0, QualityFlag.GOOD)),
        "bad": SampleArrived(now_s, Sample(now_s, 0.0, QualityFlag.FLAT)),
        "time": TimePassed(now_s),
        "open": SourceOpened(now_s),
        "lost": SourceLost(now_s, "gone"),
        "read": ReadbackSeen(now_s, active=False, amplitude=0.0),
        "fault": FaultRaised(now_s, "test"),
    }[kind]


@settings(max_examples=200)
@given(EVENTS)
def test_every_event_is_answered_in_every_phase(events: list) -> None:
    session, now_s = new_session(), 0.0

    for kind, dt_s in events:
        now_s += dt_s
        before = session.phase
        session, _ = reduce(session, event_of(kind, now_s))
        session, decision = decide(session)

        if before is Phase.FAULT and session.phase is not Phase.FAULT:
            assert kind is Verb.ACKNOWLEDGE
            assert session.phase is Phase.DONE
        if decision.amplitude > 0:
            assert session.phase in STIMULATING_PHASES
        if kind is Verb.STOP:
            assert session.phase in {Phase.IDLE, Phase.DONE, Phase.FAULT}
            assert decision.amplitude == 0
        if kind == "fault":
            assert session.phase is Phase.FAULT
