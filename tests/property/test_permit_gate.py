"""Whatever a permit says, nothing beyond the limits leaves the gate."""

import math

from hypothesis import given, settings
from hypothesis import strategies as st

from service.core.limits import Pulse, amplitude_ceilings, compiled_limits
from service.core.permits import Admitted, Claim, Gate, Wiring

WIRING = Wiring(max_amplitude_ma=30.0, amplitude_step_ma=0.5, pad_area_cm2=25.0)
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
        pulses=tuple(
            draw(st.lists(st.tuples(number, number, number), min_size=0, max_size=2))
        ),
    )


@settings(deadline=None, max_examples=300)
@given(st.lists(claims(), max_size=6), st.integers(0, 1000))
def test_nothing_beyond_the_limits_leaves_the_gate(
    sequence: list[Claim], stop_after: int
) -> None:
    gate = Gate((WIRING,), compiled_limits())
    for k, claim in enumerate(sequence):
        if k == stop_after:
            gate = gate.stopped(NOW_NS)
        verdict = gate.admit(claim, NOW_NS)
        if not isinstance(verdict, Admitted):
            assert verdict.why
            continue
        ((amplitude, pulse_width_us, frequency_hz),) = claim.pulses
        (out,) = verdict.amplitudes_ma
        assert math.isfinite(out)
        assert 0 <= out <= amplitude
        assert out <= WIRING.max_amplitude_ma
        if out > 0:
            pulse = Pulse(pulse_width_us, frequency_hz, WIRING.pad_area_cm2)
            ceilings = amplitude_ceilings(compiled_limits(), pulse)
            assert out <= min(ceilings.values())
            assert out % WIRING.amplitude_step_ma == 0
        assert claim.armed_ns > gate.stopped_ns
        assert claim.expires_ns > NOW_NS
        assert 0 < claim.ttl_ms <= 300
        assert verdict.gate.sequence == claim.sequence
        gate = verdict.gate


@settings(deadline=None, max_examples=100)
@given(st.lists(st.floats(0, 40), min_size=2, max_size=40), st.integers(1, 250))
def test_a_rise_is_bounded_however_permits_come(
    wanted: list[float], every_ms: int
) -> None:
    gate = Gate((WIRING,), compiled_limits())
    felt = [0.0]
    for k, amplitude in enumerate(wanted):
        now_ns = NOW_NS + k * every_ms * MS
        claim = Claim(k, NOW_NS, now_ns, 250, ((amplitude, 200.0, 4.0),))
        verdict = gate.admit(claim, now_ns)
        assert isinstance(verdict, Admitted)
        gate = verdict.gate
        felt.append(verdict.amplitudes_ma[0])
        # One step per permit, 1 mA/s beyond what was felt, one grid point of slack.
        assert felt[-1] <= max(felt[:-1]) + every_ms * 1e-3 + 0.5
        assert felt[-1] - felt[-2] <= 1.0 + 0.5


@settings(deadline=None, max_examples=200)
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
