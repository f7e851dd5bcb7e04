"""Events and indices of one channel: counted where it is heard, silent elsewhere."""

import sys

import numpy as np
import pytest

from service.core.tone import Calibration
from service.engine.activity import RECENT_S, Activity
from tests.support.emg import model_emg

FS = 1000.0
MVC_UV = 400.0
CHUNK = 32


def activity() -> Activity:
    return Activity(FS, (20.0, 450.0), Calibration(0.1, MVC_UV))


def emg(levels_uv: np.ndarray, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return levels_uv * model_emg(len(levels_uv), FS, rng)


def steps(*parts: tuple[float, float]) -> np.ndarray:
    """Return levels in microvolt, each (seconds, %MVC)."""
    return np.concatenate(
        [np.full(round(s * FS), pct * MVC_UV / 100) for s, pct in parts]
    )


def hear(target: Activity, y: np.ndarray, start_s: float = 0.0, n: int = CHUNK):
    notes = []
    for first in range(0, len(y), n):
        part = y[first : first + n, np.newaxis]
        notes += target.hear(start_s + (first + len(part)) / FS, part)
    return notes


def test_contractions_are_told_when_they_begin_and_end() -> None:
    target = activity()
    y = emg(steps((6, 0.25), (2, 10), (4, 0.25), (1.5, 20), (3, 0.25)))

    notes = hear(target, y, 100.0)

    assert [n.kind for n in notes] == ["onset", "offset"] * 2
    at_s = [n.detail["at_s"] for n in notes]
    assert at_s == pytest.approx([106.0, 108.0, 112.0, 113.5], abs=0.1)
    assert notes[1].detail["duration_s"] == pytest.approx(2.0, abs=0.1)
    state = target.state()
    assert state.n_contractions == 2
    assert state.n_bursts == 2
    assert not state.contracting
    assert (state.onset_s, state.offset_s) == tuple(at_s[2:])


def test_a_contraction_under_way_is_known_before_it_ends() -> None:
    target = activity()

    notes = hear(target, emg(steps((6, 0.25), (1, 10))))

    assert [n.kind for n in notes] == ["onset"]
    assert target.state().contracting
    assert target.state().offset_s is None


def test_load_and_rest_are_those_of_what_was_heard() -> None:
    target = activity()

    hear(target, emg(steps((30, 0.3), (50, 4.0), (20, 30.0))))

    state = target.state()
    assert state.observed_s == pytest.approx(100.0, abs=0.5)
    assert state.rest_time_share == pytest.approx(0.3, abs=0.03)
    assert state.static_pct_mvc == pytest.approx(0.3, rel=0.3)
    assert state.median_pct_mvc == pytest.approx(4.0, rel=0.15)
    assert state.peak_pct_mvc == pytest.approx(30.0, rel=0.2)
    assert state.longest_activity_s == pytest.approx(70.0, abs=1.0)
    assert state.median_frequency_hz is not None
    assert abs(state.median_frequency_pct_per_min) < 10


def test_what_is_skipped_is_no_rest_no_load_and_ends_nothing() -> None:
    target = activity()
    notes = hear(target, emg(steps((6, 0.25), (1, 10))))
    before = target.state()

    target.skip()
    target.skip()
    notes += hear(target, emg(steps((6, 0.25)), 2), 17.0)

    assert [n.kind for n in notes] == ["onset"], "nobody saw it end"
    state = target.state()
    assert state.observed_s == pytest.approx(before.observed_s + 6.0, abs=0.25)
    assert state.n_contractions == 0
    assert not state.contracting


def test_a_gap_in_time_is_noticed_without_being_told() -> None:
    target = activity()
    hear(target, emg(steps((6, 0.25), (1, 10))))

    hear(target, emg(steps((6, 0.25)), 2), 60.0)

    assert target.state().n_contractions == 0


def test_samples_that_do_not_count_are_no_tension() -> None:
    target = activity()
    y = emg(steps((20, 4.0)))
    y[np.arange(len(y)) % 1000 < 400] = np.nan

    hear(target, y)

    state = target.state()
    assert state.median_pct_mvc == pytest.approx(4.0, rel=0.2)
    assert state.observed_s < 15.0


def test_the_cutting_does_not_matter() -> None:
    y = emg(steps((6, 0.25), (2, 10), (3, 0.25)))
    one, other = activity(), activity()

    hear(one, y, n=17)
    hear(other, y, n=200)

    a, b = one.state(), other.state()
    assert a.n_contractions == b.n_contractions == 1
    assert a.onset_s == pytest.approx(b.onset_s, abs=1e-6)
    assert a.median_pct_mvc == b.median_pct_mvc


def size(target: object, seen: set[int]) -> int:
    """Return the bytes of an object with what it holds."""
    if id(target) in seen:
        return 0
    seen.add(id(target))
    total = sys.getsizeof(target)
    if isinstance(target, np.ndarray):
        return total
    if isinstance(target, dict):
        return total + sum(size(v, seen) for v in target.values())
    if isinstance(target, list | tuple | set) or hasattr(target, "popleft"):
        return total + sum(size(v, seen) for v in target)
    slots = [getattr(target, s) for s in getattr(target, "__slots__", ())]
    inner = [*vars(target).values()] if hasattr(target, "__dict__") else []
    return total + sum(size(v, seen) for v in [*slots, *inner])


def test_memory_does_not_grow_with_the_session() -> None:
    target = activity()
    part = emg(steps((2, 0.25), (1, 10), (2, 0.25)))
    start_s, sizes = 0.0, []
    for _ in range(3):
        for _ in range(20):
            hear(target, part, start_s, 500)
            start_s += len(part) / FS
        sizes.append(size(target, set()))

    assert start_s > 4 * RECENT_S
    assert sizes[2] <= sizes[1] + 64
