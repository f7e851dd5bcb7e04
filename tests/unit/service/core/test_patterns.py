"""Patterns over a row of actuators."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.core.patterns import (
    GLIDE_SHARE,
    KNEADING_HALF_SITES,
    STROKE_HALF_SITES,
    Pattern,
    weights,
)


def test_kneading_travels_and_neighbours_overlap() -> None:
    peaks = [weights(Pattern.KNEADING, 8, k / 8) for k in range(8)]

    for k, row in enumerate(peaks):
        assert row[k] == pytest.approx(1.0)
        assert row[(k + 1) % 8] == pytest.approx(0.5)
        assert row[(k + 2) % 8] == pytest.approx(0.0)
        assert row[(k + 4) % 8] == 0.0


def test_kneading_keeps_its_floor() -> None:
    row = weights(Pattern.KNEADING, 4, 0.0, 0.3)

    assert row == pytest.approx((1.0, 0.65, 0.3, 0.65))


def test_a_stroke_goes_one_way_and_is_lifted() -> None:
    at = [
        max(range(4), key=lambda k, row=row: row[k])
        for row in (weights(Pattern.STROKING, 4, c / 100) for c in range(8, 72))
    ]

    assert at == sorted(at)
    assert set(at) == {0, 1, 2, 3}
    assert weights(Pattern.STROKING, 4, 0.0) == pytest.approx((0.0,) * 4)
    assert weights(Pattern.STROKING, 4, GLIDE_SHARE) == (0.0,) * 4
    assert weights(Pattern.STROKING, 4, 0.99) == (0.0,) * 4


def test_percussion_drives_all_alike() -> None:
    assert weights(Pattern.PERCUSSION, 3, 0.7) == (1.0, 1.0, 1.0)


@settings(max_examples=200)
@given(
    st.sampled_from([Pattern.KNEADING, Pattern.STROKING]),
    st.integers(1, 12),
    st.floats(0.0, 1000.0),
    st.floats(0.0, 0.8),
)
def test_shares_and_their_sum_are_bounded(
    pattern: Pattern, n_sites: int, cycles: float, floor: float
) -> None:
    row = weights(pattern, n_sites, cycles, floor)
    moving = weights(pattern, n_sites, cycles)
    most = KNEADING_HALF_SITES if pattern is Pattern.KNEADING else STROKE_HALF_SITES

    assert len(row) == n_sites
    assert all(0.0 <= share <= 1.0 + 1e-12 for share in row)
    assert sum(moving) <= most + 1e-9
