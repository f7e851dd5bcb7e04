"""What a simulated subject sees of biofeedback."""

import pytest

from drivers.subject.listeners import LEAST_SUCCESS_PCT, feedback_of
from drivers.subject.stimulation import Modality


@pytest.mark.parametrize(
    ("share", "level"), [(0.7, 70.0), (1.0, 100.0), (0.0, LEAST_SUCCESS_PCT)]
)
def test_a_screen_that_is_on_tells_the_share_of_success(share, level) -> None:
    seen = feedback_of({"shown": True, "success_share": share})

    assert seen is not None
    assert seen.modality is Modality.BIOFEEDBACK
    assert seen.level == pytest.approx(level)
    assert seen.is_on


@pytest.mark.parametrize(
    "detail",
    [
        {},
        {"shown": False, "success_share": 0.7},
        {"shown": True, "success_share": None},
    ],
)
def test_a_screen_that_is_off_tells_nothing(detail) -> None:
    assert feedback_of(detail) is None
