"""A session measures the leak: armed, within every limit, and what follows from it."""

from functools import cache
from itertools import pairwise

import pytest

from service.config.treatment import DisturbanceConfig
from service.core.arming import Safety
from service.core.slew import Established
from service.core.stage import Stage
from service.rehearsal.copying import freeze, thaw
from tests.support.virtual_rig import RigOptions, VirtualRig

COMB = DisturbanceConfig(artifact="comb")
NONE = DisturbanceConfig(artifact="none")

#: No maximal contraction: it leaves this person tense, and nothing could be measured.
REFERENCE = {"noise_uv": 3.0, "mvc_uv": 600.0}


def armed(
    treatment: DisturbanceConfig | None = COMB,
    *,
    safety: Safety | None = None,
    until: str = "armed",
    **more: str,
) -> VirtualRig:
    options = RigOptions(treatment=treatment, safety=safety or Safety())
    rig = VirtualRig(options=options)
    rig.open(**more)

    def arrived(r: VirtualRig) -> bool:
        if r.phase == "checking":
            r.ask("calibrate", **REFERENCE)
        return r.phase == until

    rig.run(arrived, script={"ready": "arm"})
    return rig


@cache
def one_that_is_armed() -> bytes:
    return freeze(armed())


def armed_copy() -> VirtualRig:
    """Return an armed rig that cleans with the comb, without arming it anew."""
    return thaw(one_that_is_armed())


def measure(rig: VirtualRig) -> list[tuple[float, float]]:
    """Run a whole leak calibration; return (t_s, amplitude_ma) of the device."""
    rig.forget()
    began_s = rig.clock.now_s()
    reply = rig.ask("leak")
    assert not reply.refused, reply.refused
    given = []

    def over(r: VirtualRig) -> bool:
        given.append((r.clock.now_s() - began_s, max(r.role.state().amplitudes)))
        return r.phase != "leak"

    rig.run(over, 90.0, script={})
    return given


def distrusted_share(rig: VirtualRig) -> float:
    """Treat for a while; return how much of the on-time is flagged as artifact."""
    rig.person.tense_up()
    rig.ask("start")
    flagged = []

    def note(r: VirtualRig) -> bool:
        if max(r.role.state().amplitudes) > 0:
            flagged.append("artifact" in r.state.channels[0].quality)
        return len(flagged) > 400 or r.phase == "done"

    rig.run(note, 60.0, script={})
    assert len(flagged) > 100
    return sum(flagged) / len(flagged)


def test_a_clean_method_is_let_pass_within_the_limits_of_a_treatment() -> None:
    rig = armed_copy()

    given = measure(rig)

    leak = rig.state.session.leak
    assert rig.phase == "armed"
    assert leak.tone_from == "any_window", leak.why
    assert leak.why == ""
    assert leak.slope_pct_mvc_per_ma < 0.02
    assert leak.worst_uv < leak.allowed_uv
    assert leak.measured_ma == max(ma for _, ma in given)
    assert 15.0 <= leak.measured_ma < rig.program.max_amplitude, "as time permits"
    rises = [(b - a, t) for (_, a), (t, b) in pairwise(given) if b > a]
    assert max(rise for rise, _ in rises) <= 0.5, "one point of the grid at a time"
    on = [t for t, ma in given if ma > 0]
    assert on[0] > 3.5, "the first step is without stimulation"
    assert on[-1] - on[0] <= 36.0, "60 % of a minute"
    tasks = [e.detail["task"] for e in rig.events if e.kind == "prompt"]
    assert tasks == ["rest", "relax"]
    assert rig.state.session.charge_mc > 0, "it counts as charge"

    assert rig.engine.session.established.amplitude == 0
    assert max(rig.role.state().amplitudes) == 0, "the treatment begins at zero"
    assert distrusted_share(rig) < 0.1


def test_a_leaking_method_is_refused_early_and_said_in_the_state() -> None:
    rig = armed(NONE)

    given = measure(rig)

    leak = rig.state.session.leak
    assert rig.phase == "armed"
    assert leak.tone_from == "off_windows"
    assert "tone only from off-windows" in leak.why
    assert leak.worst_uv > leak.allowed_uv
    assert leak.slope_uv_per_ma > 0
    assert max(ma for _, ma in given) <= leak.measured_ma + 0.5
    assert leak.measured_ma < 0.5 * rig.program.max_amplitude
    verdict = [e.detail for e in rig.events if e.kind == "leak"]
    assert verdict[0]["refusal"] == leak.why
    assert any(r.kind == "leak" for r in rig.records)
    assert distrusted_share(rig) > 0.97, "all, but for the age of a state"
    tone = rig.state.session.tone_pct_mvc
    assert tone == pytest.approx(rig.source.tone_pct_mvc, abs=5.0)


def test_off_windows_leave_nothing_to_measure_under_stimulation() -> None:
    rig = armed(DisturbanceConfig(artifact="off_windows"))

    given = measure(rig)

    leak = rig.state.session.leak
    assert leak.tone_from == "off_windows"
    assert "nothing could be measured" in leak.why
    assert leak.slope_uv_per_ma is None
    assert max(ma for _, ma in given) < 0.5 * rig.program.max_amplitude


def test_a_muscle_that_is_not_relaxed_is_not_stimulated() -> None:
    rig = armed_copy()
    rig.person.tense_up()

    given = measure(rig)

    assert max(ma for _, ma in given) == 0
    assert "relax and repeat" in rig.state.session.leak.why


def test_only_an_armed_session_may_and_only_one_that_the_loop_may_raise() -> None:
    rig = armed(until="ready")
    by_hand = armed(stage=Stage.OPEN_LOOP.value)
    monitored = armed(stage=Stage.MONITOR.value)

    assert "not possible while ready" in rig.ask("leak").refused
    assert "open_loop" in by_hand.ask("leak").refused
    assert "monitor" in monitored.ask("leak").refused


def test_too_small_a_bound_or_a_minute_full_of_stimulation_is_refused() -> None:
    small = armed_copy()
    small.ask("limit", amplitude_ma=1.0)
    again = armed_copy()
    measure(again)

    assert "too little for 4 steps" in small.ask("leak").refused
    assert "wait up to 60 s" in again.ask("leak").refused
    again.pass_time(60.0)
    assert again.ask("leak").refused == ""


def stepping(**more) -> VirtualRig:
    rig = armed(**more) if more else armed_copy()
    rig.ask("leak")
    rig.run(lambda r: max(r.role.state().amplitudes) > 2, 30.0, script={})
    return rig


@pytest.mark.parametrize("verb", ["hold", "stop"])
def test_hold_and_stop_take_the_output_to_zero(verb: str) -> None:
    rig = stepping()

    rig.ask(verb)
    rig.pass_time(0.1)

    assert max(rig.role.state().amplitudes) == 0
    assert rig.phase == ("armed" if verb == "hold" else "done")
    if verb == "hold":
        assert rig.state.session.leak.why == "operator"
        assert rig.engine.session.established == Established(
            rig.engine.session.established.t_s
        )


def test_an_operator_who_goes_away_ebbs_and_disarms() -> None:
    rig = stepping(safety=Safety(presence=True))
    rig.operator_is_there = False

    levels = []

    def note(r: VirtualRig) -> bool:
        levels.append(max(r.role.state().amplitudes))
        return r.phase != "leak"

    rig.run(note, 5.0, script={})

    assert rig.phase == "ready"
    assert rig.state.session.leak.why == "operator_gone"
    assert len(set(levels)) > 3, "down in steps, not at once"
    rig.pass_time(0.2)
    assert max(rig.role.state().amplitudes) == 0


def test_a_bound_that_is_lowered_meanwhile_ends_it_without_a_verdict() -> None:
    rig = stepping()

    rig.ask("limit", amplitude_ma=1.0)
    rig.pass_time(0.5)

    assert rig.phase == "armed"
    assert "a limit held it" in rig.state.session.leak.why
    assert max(rig.role.state().amplitudes) == 0


def test_emg_that_stops_disarms_at_once() -> None:
    rig = stepping()

    rig.hear = lambda _event: None
    rig.pass_time(0.6)

    assert rig.phase == "ready"
    assert max(rig.role.state().amplitudes) == 0
