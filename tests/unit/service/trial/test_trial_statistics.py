import numpy as np
import pytest

from service.trial.statistics import median_interval, percentile, wilson


def test_wilson_gives_the_published_interval() -> None:
    # 81 of 263: Newcombe 1998, Stat Med 17:857, table I, method 3.
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)


@pytest.mark.parametrize(
    ("hits", "n", "expected"),
    [(0, 20, (0.0, 0.1611)), (20, 20, (0.8389, 1.0)), (1, 29, (0.0061, 0.1718))],
)
def test_wilson_stays_within_shares(
    hits: int, n: int, expected: tuple[float, float]
) -> None:
    assert wilson(hits, n) == pytest.approx(expected, abs=5e-5)


def test_nothing_has_no_interval() -> None:
    rng = np.random.default_rng(1)
    assert wilson(0, 0) is None
    assert median_interval([], rng) is None
    assert percentile([], 50) is None


def test_the_bootstrap_covers_the_median_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(5)
    covered = 0
    for _ in range(100):
        interval = median_interval(list(rng.normal(3.0, 1.0, 40)), rng)
        assert interval is not None
        covered += interval[0] <= 3.0 <= interval[1]
    assert 88 <= covered <= 100


def test_the_same_seed_gives_the_same_interval() -> None:
    values = [1.0, 4.0, 2.0, 8.0, 5.0]
    first, second = (
        median_interval(values, np.random.default_rng(3)) for _ in range(2)
    )
    assert first == second
