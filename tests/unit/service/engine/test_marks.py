"""Markers of the lab's stream that are marks of an operator or of the person."""

import pytest

from drivers.ports import Marker
from service.core.limits import compiled_limits
from service.core.model import Verb
from service.core.plans import Modality, NeedlingPlan
from service.core.program import Program
from service.core.state import Session, Setup
from service.engine.marks import mark_of
from service.rehearsal.virtual import SCRIPT, VirtualRig
from tests.support.sites import ONE_SITE

NOW_S = 20.0


def session(needling: NeedlingPlan | None = None) -> Session:
    modality = Modality.NONE if needling else Modality.EMS
    program = Program(modality=modality, needling=needling)
    return Session(Setup("s", program, compiled_limits(), ONE_SITE))


def marker(text: str) -> Marker:
    return Marker("markers", 19.5, text, NOW_S)


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("mark:enough", "enough"),
        (" mark : discomfort:5 ", "discomfort:5"),
        ('{"kind": "mark", "text": "tolerance"}', "tolerance"),
        ('{"kind": "mark", "text": 5}', None),
        ('{"kind": "stimulus", "text": "tolerance"}', None),
        ('["mark"]', None),
        ("mark:", None),
        ("mark", None),
        ("remark:enough", None),
        ("mark:" + "x" * 200, None),
        ("", None),
    ],
)
def test_a_marker_is_a_mark_if_it_says_so(text: str, marked: str | None) -> None:
    command = mark_of(marker(text), session(), NOW_S)

    assert (command.text if command else None) == marked
    if command:
        assert (command.verb, command.at_s, command.now_s) == (Verb.MARK, 19.5, NOW_S)


def test_insertions_are_marked_only_where_needling_is_observed() -> None:
    plan = NeedlingPlan(marker="needle")
    for text in ("needle", "insertion", '{"kind": "insertion"}'):
        command = mark_of(marker(text), session(plan), NOW_S)
        assert command is not None
        assert command.text == "insertion"
        assert mark_of(marker(text), session(), NOW_S) is None


def test_without_a_session_nothing_is_marked() -> None:
    assert mark_of(marker("mark:enough"), None, NOW_S) is None


def test_a_button_of_the_person_lowers_the_ceiling_at_once() -> None:
    rig = VirtualRig()
    rig.open()
    rig.run(lambda r: r.device.history and r.phase == "treating", script=SCRIPT)
    rig.pass_time(20.0)
    rig.hear(Marker("markers", rig.clock.now_s(), "mark:tolerance", 0.0))

    (told,) = [e for e in rig.events if e.kind == "threshold"]
    ceiling_ma = 0.85 * told.detail["amplitude_ma"]
    rig.device.history.clear()
    from_s = rig.clock.now_s()
    rig.pass_time(15.0)
    given = [max(ma) for t_s, ma in rig.device.history if t_s > from_s + 0.1]
    assert given
    assert max(given) <= ceiling_ma
