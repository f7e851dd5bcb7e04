"""What is remembered of a subject survives crashes, clocks and odd names."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from service.core.stage import Stage
from service.errors import ConfigError
from service.subjects import Entry, SubjectStore

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Wall:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def wall() -> Wall:
    return Wall()


@pytest.fixture
def store(tmp_path: Path, wall: Wall) -> SubjectStore:
    return SubjectStore(tmp_path / "subjects", wall)


def entry(at: datetime, charge_mc: float = 10.0, outcome: str = "reached") -> Entry:
    return Entry(f"{at:%H%M%S}", at, Stage.MONITOR, charge_mc, outcome)


def test_a_session_that_crashed_counts_with_all_it_could_have_used(store) -> None:
    reserved = Entry("s1", NOON, Stage.CLOSED, 50.0)
    store.enter("P1", reserved)
    assert store.load("P1").charge_mc(NOON) == 50.0

    store.enter("P1", Entry("s1", NOON, Stage.CLOSED, 3.0, "stopped"))
    assert store.load("P1").charge_mc(NOON) == 3.0


def test_a_day_later_the_charge_is_forgotten(store) -> None:
    store.enter("P1", entry(NOON))

    assert store.load("P1").charge_mc(NOON + timedelta(hours=23)) == 10.0
    assert store.load("P1").charge_mc(NOON + timedelta(hours=24)) == 0.0


def test_a_wall_clock_that_was_set_back_forgets_nothing(store) -> None:
    store.enter("P1", entry(NOON))

    assert store.load("P1").charge_mc(NOON - timedelta(days=300)) == 10.0


def test_stages_are_unlocked_by_name_and_only_after_sessions(store, wall) -> None:
    assert store.load("P1").stage(NOON) is Stage.MONITOR
    assert "completed session" in store.unlock("P1", Stage.OPEN_LOOP, "Dr A")

    store.enter("P1", entry(NOON))
    assert "name of the operator" in store.unlock("P1", Stage.OPEN_LOOP, " ")
    wall.now = NOON + timedelta(minutes=1)
    assert store.unlock("P1", Stage.OPEN_LOOP, "Dr A") == ""
    assert store.load("P1").stage(wall.now) is Stage.OPEN_LOOP
    assert "expected decrease_only after open_loop" in store.unlock(
        "P1", Stage.CLOSED, "Dr A"
    )


def test_a_fault_completes_nothing(store) -> None:
    store.enter("P1", entry(NOON, outcome="fault"))

    assert "got 0" in store.unlock("P1", Stage.OPEN_LOOP, "Dr A")


def test_what_was_unlocked_in_the_future_counts_for_nothing(store, wall) -> None:
    store.enter("P1", entry(NOON))
    store.unlock("P1", Stage.OPEN_LOOP, "Dr A")

    assert store.load("P1").stage(NOON - timedelta(hours=1)) is Stage.MONITOR


@pytest.mark.parametrize("name", ["", "../../etc", "Ä/\\:*", "x" * 128, "a b", "a_b"])
def test_any_name_has_a_file_of_its_own_inside_the_folder(store, name: str) -> None:
    store.enter(name, entry(NOON))

    assert store.path(name).parent == store.folder
    assert store.load(name).charge_mc(NOON) == 10.0
    others = {store.path(n) for n in ("a b", "a_b", "A B", "")}
    assert len(others) == 4


def test_a_damaged_record_is_refused_in_words(store) -> None:
    store.enter("P1", entry(NOON))
    store.path("P1").write_text('{"subject": "P1", "stages": 3}')

    with pytest.raises(ConfigError, match="repair it or move it away"):
        store.load("P1")
