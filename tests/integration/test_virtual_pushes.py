"""Pushes and weaning through the whole loop: engine, gate and device."""

import itertools
from dataclasses import replace

import pytest

from drivers.subject.cohorts import draw_subject
from drivers.subject.subject import SubjectParams
from dsp.types import QualityFlag
from service.program_files import find_program
from tests.support.hurried import hurried
from tests.support.virtual_rig import SCRIPT, UNWATCHED, VirtualRig, WirelessRig


def on_parts(history: list) -> list[tuple[float, float]]:
    """Return when each on-part began, and for how long it was on."""
    found, began_s = [], None
    for t_s, (amplitude_ma,) in history:
        if amplitude_ma > 0 and began_s is None:
            began_s = t_s
        elif amplitude_ma == 0 and began_s is not None:
            found.append((began_s, t_s - began_s))
            began_s = None
    return found


#: Pulses of 4 mA drive an amplifier to its rail, for some percent of the time.
LARGE_TAIL_MV_PER_MA = 10.0


def person(tail_mv_per_ma: float) -> SubjectParams:
    drawn = draw_subject("null", 1)
    artifact = replace(drawn.artifact, tail_mv_per_ma=tail_mv_per_ma)
    return replace(drawn, artifact=artifact)


@pytest.mark.parametrize("tail_mv_per_ma", [0.1, LARGE_TAIL_MV_PER_MA])
def test_a_push_reaches_the_device_as_long_as_its_program_says(
    tail_mv_per_ma: float,
) -> None:
    program = replace(hurried("ems-flutter", 110.0), search=None)
    assert program.bout.push_s == find_program("ems-flutter").bout.push_s > 30
    rig = VirtualRig(person(tail_mv_per_ma), program=program, options=UNWATCHED)
    rig.open(limits={"amplitude_ma": 4.0})
    seen: set[QualityFlag] = set()

    def has_ended(rig: VirtualRig) -> bool:
        if rig.phase == "treating":
            seen.add(rig.engine.session.sample.quality)
        return rig.phase in {"reassessing", "fault"}

    rig.run(has_ended, script=SCRIPT)

    clipped = [flags for flags in seen if flags & QualityFlag.CLIPPED]
    assert bool(clipped) == (tail_mv_per_ma == LARGE_TAIL_MV_PER_MA)
    lengths_s = [length_s for _, length_s in on_parts(rig.device.history)]
    longest_s = max(lengths_s)
    assert program.bout.push_s - 1.0 < longest_s <= program.bout.push_s + 0.1
    before = lengths_s[: lengths_s.index(longest_s)]
    assert all(one_s <= program.bout.on_s + 0.1 for one_s in before)
    began_s = [t_s for t_s, _ in on_parts(rig.device.history)]
    at = lengths_s.index(longest_s)
    rest_s = began_s[at] - (began_s[at - 1] + lengths_s[at - 1])
    assert rest_s >= program.bout.rest_s - 0.1


def peaks_from(history: list, from_s: float) -> list[float]:
    """Return the highest amplitude of each on-part that begins then or later."""
    found, peak_ma = [], 0.0
    for t_s, (amplitude_ma,) in history:
        if amplitude_ma == 0 and peak_ma > 0:
            found.append(peak_ma)
            peak_ma = 0.0
        elif t_s >= from_s:
            peak_ma = max(peak_ma, amplitude_ma)
    return found


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_weaning_only_falls(seed: int) -> None:
    program = hurried("ems-flutter-demo", 300.0)
    rig = WirelessRig("responder", seed, program=program, options=UNWATCHED)
    rig.open()
    rig.run(lambda r: r.phase in {"reassessing", "fault"}, script=SCRIPT)
    turns = [(e.t_s, e.detail["to"]) for e in rig.events if e.kind == "phase"]
    weaning_s = [t_s for t_s, to in turns if to == "weaning"]
    assert len(weaning_s) == 1, turns

    before_ma = max(a for t_s, (a,) in rig.device.history if t_s < weaning_s[0])
    after_ma = peaks_from(rig.device.history, weaning_s[0])
    falls = itertools.pairwise([before_ma, *after_ma])
    assert all(later <= earlier for earlier, later in falls), after_ma
