"""Calibration of the muscles beside the first: by the same prompts, each by itself."""

import pytest

from dsp.types import QualityFlag
from service.core.model import Phase
from tests.support.muscles import MVC_UV, NOISE_UV, Emg, player

LABELS = ("left", "right", "third")


def test_each_muscle_is_calibrated_by_the_prompts_of_the_first() -> None:
    played = player(LABELS)
    played.calibrate([Emg(), Emg(4.0, 800.0, 40.0), Emg(1.0, 200.0, 1.2)])

    session = played.session
    assert session.phase is Phase.READY
    assert [member.label for member in session.company] == ["right", "third"]
    right, third = (member.calibration for member in session.company)
    assert right.noise_uv == pytest.approx(4.0, rel=0.1)
    assert right.mvc_uv == pytest.approx(800.0, rel=0.05)
    assert right.baseline_pct_mvc == pytest.approx(5.0, rel=0.1)
    assert third.mvc_uv == pytest.approx(200.0, rel=0.05)
    assert third.baseline_pct_mvc < 0.5
    assert session.calibration.mvc_uv == pytest.approx(MVC_UV, rel=0.05)
    assert [told["muscle"] for told in played.told("company")] == ["right", "third"]
    assert session.following == ()


def test_what_the_first_is_found_to_be_does_not_depend_on_the_others() -> None:
    alone, accompanied = player(LABELS[:1]), player(LABELS[:2])
    for one, muscles in ((alone, [Emg()]), (accompanied, [Emg(), Emg(4.0, 800.0)])):
        one.rng = FromFirst(len(muscles))
        one.calibrate(muscles)

    assert alone.session.calibration == accompanied.session.calibration
    assert alone.session.company == ()


class FromFirst:
    """Noise that is drawn for the first muscle only."""

    def __init__(self, n_muscles: int) -> None:
        self._n, self._k = n_muscles, -1

    def standard_normal(self) -> float:
        self._k += 1
        drawn, which = divmod(self._k, self._n)
        return 0.0 if which else ((drawn * 7919) % 13 - 6) / 6.0


@pytest.mark.parametrize(
    ("second", "why"),
    [
        (Emg(mvc_uv=5.0), "no contraction was seen"),
        (Emg(rest_uv=30.0), "the rest recording is"),
    ],
)
def test_a_muscle_that_cannot_be_measured_is_refused_by_name(second, why) -> None:
    played = player(LABELS)
    played.calibrate([Emg(), second, Emg()])

    assert played.session.phase is Phase.CHECKING
    assert played.session.calibration is None
    assert played.session.company == ()
    (refused,) = played.told("refused")
    assert refused["why"].startswith("right: ")
    assert why in refused["why"]
    assert "contract and relax them together" in refused["why"]


def test_a_reason_of_the_first_muscle_comes_first() -> None:
    played = player(LABELS)
    played.calibrate([Emg(mvc_uv=5.0), Emg(mvc_uv=5.0), Emg()])

    (refused,) = played.told("refused")
    assert refused["why"].startswith("no trial counts")
    assert played.session.company == ()


def test_values_of_one_muscle_are_refused_where_there_are_several() -> None:
    played = player(LABELS)
    played.calibrate([Emg()] * 3, noise_uv=2.0, mvc_uv=400.0)

    assert played.session.phase is Phase.CHECKING
    (refused,) = played.told("refused")
    assert "nothing is known of right, third" in refused["why"]


def test_an_interruption_repeats_the_step_for_all() -> None:
    played, muscles = player(LABELS[:2]), [Emg(), Emg(4.0, 800.0)]
    interrupted = False
    original = played.hear

    def hear(levels_uv, quality=QualityFlag.GOOD) -> None:
        nonlocal interrupted
        run = played.session.calibrating
        if run and run.step.name == "mvc" and len(run.rms_uv) > 5 and not interrupted:
            interrupted = True
            # What is recorded while the electrode is off must not count.
            for _ in range(10):
                original([9000.0] * 2, QualityFlag.FLAT)
        original(levels_uv, quality)

    played.hear = hear
    played.calibrate(muscles)

    assert interrupted
    assert played.session.phase is Phase.READY
    (right,) = played.session.company
    assert right.calibration.mvc_uv == pytest.approx(800.0, rel=0.05)
    assert right.calibration.noise_uv == pytest.approx(4.0, rel=0.1)


def test_a_muscle_whose_emg_never_comes_is_refused() -> None:
    played = player(LABELS[:2])
    original = played.hear
    played.hear = lambda levels, *quality: original(levels[:1], *quality)
    played.calibrate([Emg(), Emg(NOISE_UV)])

    assert played.session.phase is Phase.CHECKING
    (refused,) = played.told("refused")
    assert refused["why"].startswith("right: ")
