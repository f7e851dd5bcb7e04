"""Every shipped program against its simulated subject, engine and all."""

import itertools
from dataclasses import replace
from pathlib import Path

import pytest

from drivers.ports import Marker
from service.core.arming import Safety
from service.recorder.journal import JOURNAL, parse_records
from service.rehearsal.virtual import UNARMED_SCRIPT
from tests.support.hurried import SHIPPED, bodies, hurried, outcome_of, to_the_end
from tests.support.virtual_rig import (
    UNWATCHED,
    RigOptions,
    VirtualRig,
    WirelessRig,
    told,
)

UNACTUATED = ["biofeedback", "needling-observation", "pressure-release-hands"]


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_program_runs_to_its_reassessment(name: str) -> None:
    program = hurried(name, 20.0)
    rig = outcome_of(program, "responder")

    session = rig.engine.session
    assert session is not None
    assert rig.phase == "done", session.cause
    phases = [detail["to"] for detail in told(rig, "phase")]
    armed = ["armed"] if program.actuates else []
    begun = ["connecting", "checking", "calibrating", "ready", *armed, "treating"]
    assert phases[: len(begun)] == begun
    assert phases[-2:] == ["reassessing", "done"]
    assert session.final_pct_mvc > 0
    assert max((max(each) for _, each in rig.device.history), default=0.0) <= (
        program.max_amplitude
    )


@pytest.mark.parametrize("name", UNACTUATED)
def test_what_actuates_nothing_never_issues_a_permit(name: str) -> None:
    rig = to_the_end(WirelessRig(program=hurried(name, 15.0)))
    rig.engine.close()

    assert rig.permits == []
    assert rig.device.history == []
    decisions = bodies(rig, "decision")
    assert decisions
    assert {d["permit"] for d in decisions} == {None}
    assert {d["amplitude_ma"] for d in decisions} == {0.0}
    assert any("nothing_actuated" in d["reasons"] for d in decisions)


@pytest.mark.parametrize("name", UNACTUATED)
def test_holding_and_going_on_issues_no_permit_either(name: str) -> None:
    rig = VirtualRig(program=hurried(name, 30.0), options=UNWATCHED)
    rig.open()
    rig.run(lambda r: r.phase == "treating", script=UNARMED_SCRIPT)
    assert rig.ask("hold").refused == ""
    rig.pass_time(1.0)
    assert rig.phase == "holding"
    assert rig.ask("start").refused == ""
    rig.pass_time(1.0)

    assert rig.phase == "treating"
    assert rig.permits == []


@pytest.mark.parametrize("name", UNACTUATED)
def test_arming_is_refused_and_a_stop_ends_it(name: str) -> None:
    rig = VirtualRig(program=hurried(name, 30.0), options=UNWATCHED)
    rig.open()
    rig.run(lambda r: r.phase == "ready", script={"checking": "calibrate"})
    assert "nothing to arm" in rig.ask("arm").refused
    rig.run(lambda r: r.phase == "treating", script=UNARMED_SCRIPT)
    rig.stop()
    rig.pass_time(0.2)

    assert rig.phase == "done"
    assert rig.engine.session is not None
    assert rig.engine.session.outcome == "stopped"


def start_with(rig: VirtualRig, **given: float) -> None:
    """Start without a contraction: what it would have measured is given."""
    while rig.phase != "treating":
        rig.step()
        if rig.phase == "checking":
            rig.ask("calibrate", **given)
        elif rig.phase == "ready":
            rig.ask("start")


def test_a_stop_of_an_earlier_session_does_not_end_one_without_an_actuator() -> None:
    flutter, feedback = hurried("ems-flutter"), hurried("biofeedback")
    rig = VirtualRig(program=flutter, options=UNWATCHED)
    rig.params.programs[feedback.name] = feedback
    rig.open()
    rig.run(lambda r: r.phase == "treating")
    rig.stop()
    rig.run(lambda r: r.phase == "done", 5, script={})
    rig.program = feedback
    rig.open()
    start_with(rig, noise_uv=2.0, mvc_uv=600.0)
    rig.pass_time(3.0)

    assert rig.phase == "treating"


def test_the_operator_may_finish_early() -> None:
    rig = VirtualRig(program=hurried("ems-flutter"), recorded=True)
    rig.open()
    assert "not possible" in rig.ask("finish").refused
    rig.run(lambda r: r.phase == "treating")
    rig.pass_time(6.0)
    assert rig.ask("finish").refused == ""
    rig.run(lambda r: r.phase == "done", 20, script={})

    assert not any(rig.role.state().amplitudes)
    (end,) = bodies(rig, "end")
    assert end == {"outcome": "not_reached", "cause": "finished by the operator"}


def test_what_a_program_wants_confirmed_comes_with_its_start() -> None:
    program = hurried("needling-observation")
    strict = RigOptions(Safety(ceremony=True, presence=True, site="trapezius_upper"))
    rig = VirtualRig(program=program, options=strict)
    rig.open()
    rig.run(lambda r: r.phase == "ready", script={"checking": "calibrate"})
    rig.pass_time(5.1)
    keys = [key for key, _ in program.contraindications]

    assert "name of the operator" in rig.ask("start", confirmed=keys).refused
    refused = rig.ask("start", operator="B", confirmed=keys[1:]).refused
    assert refused == "not confirmed: no anticoagulants"
    assert rig.ask("start", operator="B", confirmed=keys).refused == ""
    rig.operator_is_there = False
    rig.pass_time(4.0)
    assert rig.phase == "treating", "nobody has to be there where nothing goes out"


# --- biofeedback ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def learner() -> VirtualRig:
    return outcome_of(hurried("biofeedback", 200.0), "responder")


def test_a_person_who_learns_relaxes_and_stays_so_without_feedback(learner) -> None:
    session = learner.engine.session

    assert session.outcome == "reached"
    assert session.cause == "relaxed without feedback"
    assert session.calibration.baseline_pct_mvc > 10
    assert session.final_pct_mvc < 3.0
    phases = [detail["to"] for detail in told(learner, "phase")]
    assert phases[-4:] == ["treating", "weaning", "reassessing", "done"]


def test_feedback_is_told_once_a_second_and_withdrawn_in_transfer(learner) -> None:
    times = [e.t_s for e in learner.events if e.kind == "feedback"]
    feedback = told(learner, "feedback")
    steps = [b - a for a, b in itertools.pairwise(times)]

    assert 0.95 < sorted(steps)[len(steps) // 2] < 1.1
    assert {one["shown"] for one in feedback} == {True, False}
    for one in feedback:
        silent = one["met"] or not one["shown"]
        assert (one["sound_hz"] == 0.0) == silent
        assert one["met"] == (one["tone_pct_mvc"] < one["goal_pct_mvc"])


def test_the_goal_keeps_success_between_60_and_80_percent() -> None:
    rig = outcome_of(hurried("biofeedback", 120.0), "null", 2)
    shown = [one for one in told(rig, "feedback") if one["shown"]]
    share = sum(one["met"] for one in shown) / len(shown)

    assert len(shown) > 100
    assert 0.6 <= share <= 0.8
    trials = told(rig, "trial_ended")
    assert [one["transfer"] for one in trials] == [False]
    assert rig.engine.session.outcome == "not_reached"


def test_trials_without_feedback_come_in_between() -> None:
    program = hurried("biofeedback", 60.0)
    plan = replace(
        program.feedback, trial_s=10.0, transfer_s=5.0, trials_per_transfer=2
    )
    rig = outcome_of(replace(program, feedback=plan), "null")
    trials = told(rig, "trial_ended")

    transfer = [one["transfer"] for one in trials]
    assert transfer == [False, False, True, False, False, True]
    for trial in trials:
        assert 0.0 <= trial["success_share"] <= 1.0


# --- needling -------------------------------------------------------------------------


def needled(*, tense: bool, seed: int = 2, **more: float) -> VirtualRig:
    """Return a rig on which needles are watched; the person was at rest before."""
    rig = VirtualRig(
        "needle-sequence",
        seed,
        program=hurried("needling-observation", **more),
        recorded=True,
    )
    rig.open()
    if tense:
        rig.person.tense_up()
    start_with(rig, noise_uv=2.0, mvc_uv=600.0)
    return rig


def test_twitches_are_found_after_the_marks_and_decline() -> None:
    rig = needled(tense=False)
    for _ in range(6):
        rig.pass_time(4.0)
        assert rig.ask("mark").refused == ""
    rig.pass_time(2.0)
    assert rig.ask("finish").refused == ""
    rig.run(lambda r: r.phase == "done", 20, script={})

    twitches = bodies(rig, "twitch")
    assert 3 <= len(twitches) <= 6, "7 of 10 insertions are answered"
    for one in twitches:
        assert one["insertion"] is not None
        assert 0.02 < one["latency_s"] < 0.1
        assert 0.05 < one["width_s"] < 1.0
    peaks = [one["peak_pct_mvc"] for one in twitches]
    assert peaks[0] > peaks[1] > peaks[2]
    (summary,) = bodies(rig, "summary")
    assert summary["n_insertions"] == 6
    assert summary["n_responses"] == len(twitches)
    assert summary["n_other"] == 0
    assert 0.45 < summary["decline"] < 0.75
    assert summary["largest_pct_mvc"] == max(peaks)
    (end,) = bodies(rig, "end")
    assert end["outcome"] == "observed"


def test_marks_of_the_labs_stream_count_and_others_do_not() -> None:
    rig = needled(tense=False)
    for text in ('{"kind": "insertion"}', "insertion", "cough", '{"kind": "prompt"}'):
        rig.pass_time(0.5)
        now_s = rig.clock.now_s()
        rig.hear(Marker("markers", now_s - 0.1, text, now_s))
    rig.step()

    assert rig.state.session.needling.n_insertions == 2
    assert [round(b["count"]) for b in bodies(rig, "insertion")] == [1, 2]
    assert "LSL clock" in rig.ask("mark", at_s=rig.clock.now_s() + 5.0).refused
    assert rig.ask("mark", text="took a break").refused == ""
    assert [b["text"] for b in bodies(rig, "mark")] == ["took a break"]


@pytest.mark.parametrize(("resets", "finding"), [(True, "reset"), (False, "no_change")])
def test_both_expectations_are_shown_and_the_finding_says_which(
    resets: bool, finding: str
) -> None:
    rig = needled(tense=True)
    body = rig.person.params.body
    needle = replace(body.needle, resets=resets, probability=1.0)
    params = replace(rig.person.params, body=replace(body, needle=needle))
    rig.person.params = params
    rig.pass_time(2.0)
    rig.ask("mark")
    rig.pass_time(2.0)
    rig.ask("finish")
    rig.run(lambda r: r.phase == "done", 20, script={})

    (summary,) = bodies(rig, "summary")
    assert summary["before_pct_mvc"] > 8
    assert summary["if_reset_below_pct_mvc"] == 3.0
    low, high = (summary[f"if_unchanged_{end}_pct_mvc"] for end in ("above", "below"))
    assert low < summary["before_pct_mvc"] < high
    assert summary["finding"] == finding
    assert rig.state.session.needling.finding == finding


def test_the_journal_of_an_observation_is_complete() -> None:
    rig = needled(tense=False)
    for _ in range(4):
        rig.pass_time(1.5)
        rig.ask("mark")
    rig.pass_time(1.5)
    rig.ask("finish")
    rig.run(lambda r: r.phase == "done", 20, script={})
    rig.pass_time(0.5)

    records = parse_records(rig.journal.lines, Path(JOURNAL))
    kinds = {record["kind"] for record in records}
    assert {"begin", "insertion", "twitch", "summary", "decision", "end"} <= kinds
