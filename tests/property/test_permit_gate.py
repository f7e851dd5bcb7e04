"""Whatever a permit says, nothing beyond the limits leaves the gate."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.core.actuators import ACTUATORS, Drive, Wiring, drive_ceilings
from service.core.limits import COMPILED, compiled_limits
from service.core.permits import Admitted, Claim, Gate, Refusal
from service.core.plans import Modality

ACTUATED = sorted(ACTUATORS)
WIRING = Wiring(max_amplitude=30.0, amplitude_step=0.5, pad_area_cm2=25.0)
NOW_NS = 10**12
MS = 1_000_000
anything = st.floats(allow_nan=True, allow_infinity=True)
plausible = st.floats(0, 100)
number = anything | plausible


@st.composite
def claims(draw: st.DrawFn) -> Claim:
    return Claim(
        sequence=draw(st.integers(-5, 5)),
        armed_ns=NOW_NS - draw(st.integers(-10, 2000)) * MS,
        issued_ns=NOW_NS - draw(st.integers(-10, 500)) * MS,
        ttl_ms=draw(st.integers(-10, 500)),
        drives=tuple(
            draw(st.lists(st.builds(Drive, number, number, number), max_size=2))
        ),
    )


@settings(max_examples=300)
@given(st.lists(claims(), max_size=6), st.integers(0, 1000), st.sampled_from(ACTUATED))
def test_nothing_beyond_the_limits_leaves_the_gate(
    sequence: list[Claim], stop_after: int, modality: Modality
) -> None:
    wiring = wiring_of(modality)
    gate = Gate((wiring,), compiled_limits())
    for k, claim in enumerate(sequence):
        if k == stop_after:
            gate = gate.stopped(NOW_NS)
        verdict = gate.admit(claim, NOW_NS)
        if not isinstance(verdict, Admitted):
            assert verdict.why
            continue
        (drive,) = claim.drives
        (out,) = verdict.amplitudes
        assert math.isfinite(out)
        assert 0 <= out <= drive.amplitude
        assert out <= wiring.max_amplitude
        if out > 0:
            ceilings = drive_ceilings(compiled_limits(), wiring, drive)
            assert out <= min(ceilings.values())
            assert out / wiring.amplitude_step == pytest.approx(
                round(out / wiring.amplitude_step)
            )
        assert claim.armed_ns > gate.stopped_ns
        assert claim.expires_ns > NOW_NS
        assert 0 < claim.ttl_ms <= 300
        assert verdict.gate.sequence == claim.sequence
        gate = verdict.gate


@settings(max_examples=100)
@given(st.lists(st.floats(0, 40), min_size=2, max_size=40), st.integers(1, 250))
def test_a_rise_is_bounded_however_permits_come(
    wanted: list[float], every_ms: int
) -> None:
    gate = Gate((WIRING,), compiled_limits())
    felt = [0.0]
    for k, amplitude in enumerate(wanted):
        now_ns = NOW_NS + k * every_ms * MS
        claim = Claim(k, NOW_NS, now_ns, 250, (Drive(amplitude, 200.0, 4.0),))
        verdict = gate.admit(claim, now_ns)
        assert isinstance(verdict, Admitted)
        gate = verdict.gate
        felt.append(verdict.amplitudes[0])
        # One step per permit, 1 mA/s beyond what was felt, one grid point of slack.
        assert felt[-1] <= max(felt[:-1]) + every_ms * 1e-3 + 0.5
        assert felt[-1] - felt[-2] <= 1.0 + 0.5


@settings(max_examples=200)
@given(claims(), claims())
def test_the_same_or_an_older_permit_is_never_obeyed_twice(
    first: Claim, second: Claim
) -> None:
    gate = Gate((WIRING,), compiled_limits())
    verdict = gate.admit(first, NOW_NS)
    if not isinstance(verdict, Admitted):
        return
    again = verdict.gate.admit(second, NOW_NS)
    newer = (second.armed_ns, second.sequence) > (first.armed_ns, first.sequence)
    assert newer or not isinstance(again, Admitted)


def wiring_of(modality: Modality) -> Wiring:
    """Return an actuator that can do as much as its kind may."""
    largest = COMPILED[ACTUATORS[modality].amplitude].absolute
    return Wiring(0.75 * largest, largest / 64, 25.0, modality)


@settings(max_examples=100)
@given(st.sampled_from(ACTUATED), st.integers(20, 250), st.integers(20, 400))
def test_a_rise_of_any_actuator_is_as_slow_as_its_kind(
    modality: Modality, every_ms: int, n: int
) -> None:
    actuator, wiring = ACTUATORS[modality], wiring_of(modality)
    gate, given_ = Gate((wiring,), compiled_limits()), [0.0]
    for k in range(n):
        now_ns = NOW_NS + k * every_ms * MS
        drive = Drive(wiring.max_amplitude, 200.0, 4.0)
        verdict = gate.admit(Claim(k, NOW_NS, now_ns, 250, (drive,)), now_ns)
        assert isinstance(verdict, Admitted)
        gate = verdict.gate
        given_.append(verdict.amplitudes[0])
        risen = COMPILED[actuator.slew].absolute * k * every_ms * 1e-3
        assert given_[-1] <= risen + 1e-6 * (k + 1)
        assert given_[-1] - given_[-2] <= actuator.max_step + wiring.amplitude_step


def test_at_most_two_currents_at_once() -> None:
    gate = Gate((WIRING,) * 3, compiled_limits())
    on, off = Drive(1.0, 200.0, 4.0), Drive(0.0, 200.0, 4.0)
    three = gate.admit(Claim(1, NOW_NS, NOW_NS, 250, (on, on, on)), NOW_NS)
    assert three == Refusal("too_many_currents")
    two = gate.admit(Claim(1, NOW_NS, NOW_NS, 250, (on, off, on)), NOW_NS)
    assert isinstance(two, Admitted)


def test_a_vibration_outside_of_its_rates_is_none() -> None:
    wiring = wiring_of(Modality.VIBRATION)
    for rate_hz in (0.0, 0.5, 151.0):
        ceilings = drive_ceilings(compiled_limits(), wiring, Drive(1.0, 0.0, rate_hz))
        assert min(ceilings.values()) == 0
