"""Clock offsets: which are believed, and when."""

import pytest

from drivers.sources.clock_follower import CLOCK_STEP_S, ClockFollower
from tests.support.fake_lsl import ESTIMATE_EVERY_S, FakeLsl, FakeStream

LOOK_S = 0.02


class Rig:
    def __init__(self) -> None:
        self.lsl = FakeLsl()
        self.stream = FakeStream(self.lsl)
        inlet = self.lsl.StreamInlet(
            self.stream, max_buflen=1, recover=False, processing_flags=0
        )
        self.follower = ClockFollower(
            self.lsl,
            self.stream,
            inlet,
            inlet.time_correction(1.0),
            self.lsl.clock.now_s(),
        )

    def follow(self, duration_s: float) -> list[tuple[float, float]]:
        """Return each step that was told, with the time since now."""
        since_s, steps = self.lsl.clock.now_s(), []
        for _ in range(round(duration_s / LOOK_S)):
            self.lsl.clock.sleep(LOOK_S)
            now_s = self.lsl.clock.now_s()
            step_s = self.follower.follow(now_s)
            if step_s is not None:
                steps.append((now_s - since_s, step_s))
        return steps


@pytest.mark.parametrize("error_s", [0.06, -0.06, 0.4])
def test_one_wrong_measurement_is_not_believed(error_s: float) -> None:
    rig = Rig()
    rig.stream.offset_errors_s.append(error_s)
    for _ in range(100):
        assert rig.follow(0.1) == []
        assert rig.follower.offset_s == 0.0
    assert not rig.stream.offset_errors_s, "it was measured"


def test_wrong_measurements_that_differ_are_not_believed() -> None:
    rig = Rig()
    rig.stream.offset_errors_s.extend([0.06, 0.11, -0.08, 0.2, 0.03])

    assert rig.follow(10.0) == []

    assert rig.follower.offset_s == 0.0
    assert not rig.stream.offset_errors_s


def test_a_step_is_told_once_soon_after_it_was_first_measured() -> None:
    rig = Rig()
    rig.stream.offset_s = 5.0

    ((after_s, step_s),) = rig.follow(10.0)

    assert step_s == pytest.approx(5.0)
    assert after_s <= ESTIMATE_EVERY_S + 1.25
    assert rig.follower.offset_s == 5.0


def test_a_step_whose_confirmation_was_spoiled_is_told_by_the_next() -> None:
    rig = Rig()
    rig.stream.offset_s = 0.05
    rig.stream.offset_errors_s.extend([0.0, 0.3])

    ((_, step_s),) = rig.follow(10.0)

    assert step_s == pytest.approx(0.05)


def test_a_step_is_told_even_if_no_second_inlet_can_be_had() -> None:
    rig = Rig()
    rig.follow(ESTIMATE_EVERY_S)
    rig.stream.failing.add("inlet")
    # A measurement that repeats the last one to the bit is none.
    rig.stream.offset_s = 0.05
    rig.stream.offset_errors_s.extend([1e-6, 2e-6])

    ((after_s, step_s),) = rig.follow(10.0)

    assert step_s == pytest.approx(0.05, abs=1e-4)
    assert after_s > ESTIMATE_EVERY_S


def test_a_second_step_is_a_second_step() -> None:
    rig = Rig()
    rig.stream.offset_s = 0.05
    first = rig.follow(6.0)
    rig.stream.offset_s = 0.0
    second = rig.follow(6.0)

    assert [step_s for _, step_s in first + second] == pytest.approx([0.05, -0.05])


def test_a_drift_is_followed_in_silence() -> None:
    rig = Rig()
    for k in range(1, 20):
        rig.stream.offset_s = k * 0.5 * CLOCK_STEP_S
        assert rig.follow(ESTIMATE_EVERY_S + 0.5) == []
        assert rig.follower.offset_s == rig.stream.offset_s


def test_the_offset_of_a_sender_that_is_gone_stays() -> None:
    rig = Rig()
    rig.stream.offset_s = 0.01
    rig.follow(3.0)
    rig.stream.die()

    assert rig.follow(5.0) == []
    assert rig.follower.offset_s == 0.01
