import json
from collections import Counter
from dataclasses import replace

import pytest

from drivers.errors import DriverConfigError
from drivers.subject.recruitment import recruit
from drivers.subject.stimulation import Stimulation
from service.core.actuators import ACTUATORS
from service.core.laws.protocol import Observation
from service.core.limits import Quantity
from service.core.plans import Modality
from service.errors import ConfigError
from service.program_files import shipped_programs
from service.trial.applies import cohorts_of
from service.trial.arms import (
    NAIVE,
    NAIVE_OPEN_LOOP,
    ConstantLaw,
    chosen_comparators,
)
from service.trial.plan import TrialParams, draw_person, find_program, plan_tasks

DEMO = "ems-flutter-demo"


def params(**changes: object) -> TrialParams:
    given: dict = {"program": DEMO, "cohorts": ("null",), "subjects": 20, "seed": 1}
    return TrialParams(**{**given, **changes})


def test_subjects_are_randomised_in_balanced_blocks() -> None:
    tasks = plan_tasks(params())
    arms = [task.arm.name for task in tasks]
    assert [task.subject for task in tasks] == list(range(20))
    for start in range(0, 18, 3):
        assert Counter(arms[start : start + 3]) == Counter(
            ["integral", "open-loop", "sham"]
        )
    assert len({tuple(arms[start : start + 3]) for start in range(0, 18, 3)}) > 1


def test_a_crossover_gives_everybody_every_arm() -> None:
    tasks = plan_tasks(params(subjects=2, crossover=True))
    assert [(t.subject, t.arm.name) for t in tasks] == [
        (k, arm) for k in range(2) for arm in ("integral", "open-loop", "sham")
    ]
    assert len({(t.person_seed, t.signal_seed) for t in tasks}) == 2


def test_more_subjects_or_cohorts_change_nobody() -> None:
    few = plan_tasks(params())
    more = plan_tasks(params(subjects=30, cohorts=("weak", "null")))
    again = [task for task in more if task.cohort == "null"][:20]
    assert again == few
    assert len({task.person_seed for task in again}) == 20


def test_another_seed_is_another_trial() -> None:
    first, second = plan_tasks(params()), plan_tasks(params(seed=2))
    assert not {t.person_seed for t in first} & {t.person_seed for t in second}
    assert [t.arm.name for t in first] != [t.arm.name for t in second]


def test_sham_can_put_nothing_out() -> None:
    arms = params().arms()
    assert arms["sham"].limits == {Quantity.AMPLITUDE_MA: 0.0}
    assert arms["integral"].limits == arms["open-loop"].limits == {}


def test_an_open_loop_ignores_the_tone_but_not_its_cap() -> None:
    law = ConstantLaw(level_ma=5.0)

    def level_at(tone: float, cap_ma: float, *, quiet: bool = False) -> float:
        seen = Observation(1.0, 4.8, 0.5, tone, 3.0, cap_ma, quiet=quiet)
        return law.step(law.start(), seen)[1]

    assert level_at(1.0, 20.0) == level_at(40.0, 20.0) == 5.0
    assert level_at(40.0, 2.0) == 2.0
    assert level_at(40.0, 20.0, quiet=True) == 4.8


def test_a_preset_is_a_cohort_of_narrow_ranges() -> None:
    assert draw_person("responder", 3).person.recruitment.motor_ma <= 18.0
    with pytest.raises(DriverConfigError, match="cohort: expected one of"):
        draw_person("nobody", 3)


def test_the_parameters_can_be_written_down() -> None:
    data = json.loads(json.dumps(params(treatment_s=60.0).to_data()))
    assert data["program"]["timing"]["treatment_s"] == 60.0
    assert data["program"]["law"]["kind"] == "integral"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"subjects": 0}, "--subjects: expected 1 to"),
        ({"seed": -1}, "--seed: expected 0 or more"),
        ({"cohorts": ("null", "null")}, "--cohort: expected one or more, each once"),
        ({"treatment_s": 3600.0}, "--treatment: expected up to 1800"),
    ],
)
def test_wrong_parameters_are_refused(changes: dict, expected: str) -> None:
    with pytest.raises(ConfigError, match=expected):
        params(**changes)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"program": "nothing"}, "--program: expected one of"),
        ({"controllers": ("magic",)}, "--controller: kind must be one of"),
        ({"controllers": ("pi", "pi")}, "got one twice"),
        ({"comparators": ("placebo",)}, "--comparator: expected open-loop, sham"),
    ],
)
def test_arms_that_cannot_be_are_refused(changes: dict, expected: str) -> None:
    with pytest.raises(ConfigError, match=expected):
        params(**changes).arms()


def test_comparators_are_all_unless_chosen() -> None:
    flutter = find_program("ems-flutter")
    assert chosen_comparators(None, flutter) == ("open-loop", "sham")
    assert chosen_comparators(["none"], flutter) == ()
    assert chosen_comparators(["sham"], flutter) == ("sham",)


def arms_of(program: str, **more: object) -> dict:
    chosen = chosen_comparators(None, find_program(program))
    cohort = cohorts_of(find_program(program))[0]
    given: dict = {"comparators": chosen, **more}
    return TrialParams(program, (cohort,), 1, 1, **given).arms()


@pytest.mark.parametrize("program", sorted(shipped_programs()))
def test_every_shipped_program_has_its_arms(program: str) -> None:
    found, arms = find_program(program), arms_of(program)
    own = found.law.kind if found.modality is Modality.EMS else "program"
    assert next(iter(arms)) == own
    assert arms[own].program == found
    assert ("open-loop" in arms) == found.actuates
    if found.actuates:
        amplitude = ACTUATORS[found.modality].amplitude
        assert arms["sham"].limits == {amplitude.value: 0.0}


def test_the_sham_of_a_biofeedback_shows_nothing() -> None:
    arms = arms_of("biofeedback")
    assert list(arms) == ["program", "sham"]
    assert arms["program"].shown
    assert not arms["sham"].shown


def test_open_loops_of_rows_and_mats_have_one_level() -> None:
    row = arms_of("massage")["open-loop"].program
    assert row.massage.depths == (72.0, 72.0, 72.0)
    mat = arms_of("acupressure-mat")["open-loop"].program
    assert mat.mat.start_kpa == mat.max_amplitude == pytest.approx(0.6 * 14.0)


def test_the_open_loop_of_a_release_holds_for_one_time_whatever_tone_does() -> None:
    arms = arms_of("pressure-release")
    own, fixed = (arms[name].program.release for name in ("program", "open-loop"))
    assert own.hold_min_s < fixed.hold_min_s == fixed.hold_max_s < own.hold_max_s
    assert list(arms_of("pressure-release-hands")) == ["program"]


@pytest.mark.parametrize(
    ("program", "changes", "expected"),
    [
        ("massage", {"controllers": ("pi",)}, "massage has no control law, got pi"),
        ("massage", {"comparators": (NAIVE,)}, "expected open-loop, sham; got 'naive"),
        ("ems-targeted", {"comparators": (NAIVE,)}, "expected open-loop, sham; got"),
        ("biofeedback", {"comparators": ("open-loop",)}, "expected sham; got 'open-"),
        ("needling-observation", {"comparators": ("sham",)}, "actuates nothing that"),
    ],
)
def test_arms_that_mean_nothing_for_a_program_are_refused(
    program: str, changes: dict, expected: str
) -> None:
    with pytest.raises(ConfigError, match=expected):
        arms_of(program, **changes)


def test_only_naive_arms_are_unguarded_and_have_the_program_otherwise() -> None:
    names = ("open-loop", "sham", NAIVE, NAIVE_OPEN_LOOP)
    arms = TrialParams("ems-flutter", ("null",), 1, 1, comparators=names).arms()
    naive = {name for name, arm in arms.items() if not arm.guarded}
    assert naive == {NAIVE, NAIVE_OPEN_LOOP}
    assert arms[NAIVE].program == arms["integral"].program
    assert arms[NAIVE].limits == arms[NAIVE_OPEN_LOOP].limits == {}


def test_who_sets_a_level_by_feel_asks_for_what_is_tolerated() -> None:
    names = ("open-loop", NAIVE_OPEN_LOOP)
    arms = TrialParams("ems-flutter", ("null",), 1, 1, comparators=names).arms()
    nerves = draw_person("null", 3).person.recruitment
    by_feel = arms[NAIVE_OPEN_LOOP].program_for(nerves)
    felt = Stimulation(
        by_feel.law.level_ma, by_feel.frequency_hz, by_feel.pulse_width_us
    )
    share = recruit(nerves, felt).equivalent_ma / nerves.tolerance_ma
    assert share == pytest.approx(0.6)
    assert arms["open-loop"].program_for(nerves) is arms["open-loop"].program


def test_within_tolerance_nobody_gets_more_than_the_person_bears() -> None:
    names = ("open-loop", "sham", NAIVE)
    given = {"cohorts": ("null",), "comparators": names}
    asked = params(**given, within_tolerance=True).arms()
    nerves = replace(draw_person("null", 3).person.recruitment, tolerance_ma=25.0)
    limits = {
        name: arm.limits_for(nerves)[Quantity.AMPLITUDE_MA]
        for name, arm in asked.items()
    }
    assert limits == {
        "integral": pytest.approx(0.85 * 25.0),
        "open-loop": pytest.approx(0.85 * 25.0),
        "sham": 0.0,
        NAIVE: pytest.approx(25.0),
    }
    strong = replace(nerves, tolerance_ma=90.0)
    assert asked[NAIVE].limits_for(strong) == {Quantity.AMPLITUDE_MA: 30.0}
    assert params(**given).arms()[NAIVE].limits_for(nerves) == {}


@pytest.mark.parametrize("program", ["massage", "ems-targeted"])
def test_tolerance_is_that_of_pulses_of_one_muscle(program: str) -> None:
    with pytest.raises(ConfigError, match="--within-tolerance: expected a program of"):
        arms_of(program, within_tolerance=True)
