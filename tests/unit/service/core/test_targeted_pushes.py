"""Pushes of several muscles: one rhythm for all, and never a rise that nobody sees."""

from dataclasses import replace

import pytest

from service.core.company import treatments_of
from service.core.limits import Quantity
from service.core.model import Verb
from service.core.program import Program
from service.core.rhythm import Rhythm
from service.core.targeted import targeted_drives
from service.core.turns import TargetedPlan
from service.program_files import find_program
from tests.support.muscles import MVC_UV, Emg, Player, player

LABELS = ("left", "right", "neck")
BOUT = find_program("ems-targeted").bout
CAP_MA = 6.0
PROGRAM = Program(targeted=TargetedPlan(), bout=BOUT)


def treated(tones: list[float]) -> Player:
    n = len(tones)
    played = player(LABELS[:n], PROGRAM, n_sites=n)
    played.treat([Emg(baseline_uv=tone * MVC_UV / 100.0 + 1.0) for tone in tones])
    setup = played.session.setup
    bound = replace(setup.limits[Quantity.AMPLITUDE_MA], value=CAP_MA)
    limits = {**setup.limits, Quantity.AMPLITUDE_MA: bound}
    played.session = replace(played.session, setup=replace(setup, limits=limits))
    return played


def on_parts(played: Player, tones: list[float], duration_s: float) -> list[list]:
    """Return what every on part of so long was: seconds, and the levels of each."""
    parts: list[list] = []
    was_on = False
    end_s = played.now_s + duration_s
    while played.now_s < end_s:
        played.run(0.05, lambda k: tones[k])
        first = treatments_of(played.session)[0]
        is_on = any(drive.amplitude for drive in targeted_drives(played.session))
        if is_on:
            levels = [t.level.amplitude for t in treatments_of(played.session)]
            if not was_on:
                parts.append([first.rhythm, 0.0, levels, levels])
            parts[-1][1] += 0.05
            parts[-1][3] = levels
        was_on = is_on
    return parts


@pytest.fixture(scope="module")
def pushed() -> list[list]:
    return on_parts(treated([15.0, 4.5]), [15.0, 4.5], 135.0)


def test_a_muscle_at_its_ceiling_is_pushed_with_the_other(pushed) -> None:
    pushes = [part for part in pushed if part[0].is_push]
    usual = [part for part in pushed if part[0] == Rhythm()]

    assert pushes
    assert pushes[0][1] == pytest.approx(BOUT.push_s, abs=0.2)
    assert max(part[1] for part in usual) <= BOUT.on_s + 0.1


def test_no_level_rises_in_a_push(pushed) -> None:
    first = next(part for part in pushed if part[0].is_push)
    before, after = first[2:]

    assert before[0] == CAP_MA
    assert before[1] < CAP_MA
    assert all(late <= early for early, late in zip(before, after, strict=True))
    assert pushed[-1][2][1] > before[1], "it rises again where it is looked at"


def test_nobody_is_pushed_while_a_tense_muscle_waits() -> None:
    parts = on_parts(treated([15.0] * 3), [15.0] * 3, 100.0)

    assert all(part[0] == Rhythm() for part in parts)


def test_nobody_is_pushed_while_the_tone_of_one_is_up() -> None:
    played = treated([15.0, 8.0])
    parts = on_parts(played, [15.0, 8.0 * 1.15], 60.0)

    assert all(part[0] == Rhythm() for part in parts)
    assert max(part[2][0] for part in parts) == CAP_MA


def test_a_hold_forgets_where_in_the_rhythm_it_was() -> None:
    played = treated([15.0, 8.0])
    on_parts(played, [15.0, 8.0], 45.0)
    given = treatments_of(played.session)
    assert {one.rhythm for one in given} == {given[0].rhythm} != {Rhythm()}
    played.ask(Verb.HOLD)

    assert {one.rhythm for one in treatments_of(played.session)} == {Rhythm()}
