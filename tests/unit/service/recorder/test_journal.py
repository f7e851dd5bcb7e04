"""The journal: what was written can be proved, what was touched is found."""

import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from drivers.clock import ManualClock
from service.cli import app
from service.messages import Record
from service.recorder.journal import (
    JOURNAL,
    SEAL,
    JournalError,
    JournalWriter,
    read_records,
    verify,
)
from service.recorder.recorder import Recorder
from tests.support.virtual_rig import VirtualRig, demo_program


def written(folder: Path, n: int = 10, *, closed: bool = True) -> Path:
    journal = JournalWriter(folder, {"session_id": "s"})
    for k in range(n):
        journal.append(k * 0.1, "decision", {"amplitude_ma": k * 0.5, "why": "grün"})
    journal.sync(100.0)
    if closed:
        journal.close()
    else:
        journal._disk.close()  # as a crash would
    return folder


def lines(folder: Path) -> list[str]:
    return (folder / JOURNAL).read_text("utf-8").splitlines(keepends=True)


def rewrite(folder: Path, new: list[str]) -> None:
    (folder / JOURNAL).write_text("".join(new), "utf-8")


def test_an_untouched_journal_is_sound(tmp_path: Path) -> None:
    verdict = verify(written(tmp_path / "s"))

    assert verdict.ok
    assert verdict.n_records == 10
    assert verdict.closed


def test_a_journal_that_was_not_closed_is_sound_so_far(tmp_path: Path) -> None:
    folder = written(tmp_path / "s", closed=False)
    with (folder / JOURNAL).open("a") as file:
        file.write('{"n": 10, "half a li')

    verdict = verify(folder)

    assert verdict.ok
    assert not verdict.closed
    assert verdict.n_records == 10
    assert "never closed" in verdict.text


@settings(max_examples=50)
@given(st.data())
def test_any_changed_byte_is_found(tmp_path_factory, data) -> None:
    folder = written(tmp_path_factory.mktemp("j") / "s", 5)
    raw = bytearray((folder / JOURNAL).read_bytes())
    at = data.draw(st.integers(0, len(raw) - 1))
    raw[at] ^= data.draw(st.integers(1, 255))
    (folder / JOURNAL).write_bytes(bytes(raw))

    with contextlib.suppress(JournalError):
        assert not verify(folder).ok


@pytest.mark.parametrize("at", [0, 4, 9])
def test_a_missing_record_is_found(tmp_path: Path, at: int) -> None:
    folder = written(tmp_path / "s")
    kept = lines(folder)
    del kept[at]
    rewrite(folder, kept)

    assert not verify(folder).ok


def test_a_moved_record_is_found(tmp_path: Path) -> None:
    folder = written(tmp_path / "s")
    moved = lines(folder)
    moved[3], moved[4] = moved[4], moved[3]
    rewrite(folder, moved)

    verdict = verify(folder)

    assert not verdict.ok
    assert "record 3" in verdict.text


def test_an_exchanged_end_is_found(tmp_path: Path) -> None:
    folder, other = written(tmp_path / "s"), written(tmp_path / "o", 7)
    (folder / JOURNAL).write_bytes((other / JOURNAL).read_bytes())

    assert "closed with 10 records, but has 7" in verify(folder).text


def test_what_is_no_journal_is_refused(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="No such file"):
        read_records(tmp_path)
    folder = written(tmp_path / "s")
    (folder / SEAL).write_text("[]")
    with pytest.raises(JournalError, match="expected an object"):
        verify(folder)
    rewrite(folder, ["nonsense\n"])
    with pytest.raises(JournalError, match="line 1: expected JSON"):
        verify(folder)


# --- recorder --------------------------------------------------------------------


def record(number: int, kind: str = "decision", session: str = "s") -> Record:
    return Record(
        session_id=session, number=number, t_s=float(number), kind=kind, body={}
    )


def recorder(folder: Path, **more) -> Recorder:
    return Recorder(folder, {}, ManualClock(), **more)


def test_the_recorder_keeps_one_journal_per_session(tmp_path: Path) -> None:
    keeper = recorder(tmp_path)
    for session in ("a", "b"):
        keeper.take(record(0, "begin", session))
        keeper.take(record(1, session=session))
        assert keeper.state().session_id == session
        keeper.take(record(2, "end", session))
    keeper.tick()

    assert keeper.state().ok
    for session in ("a", "b"):
        assert verify(tmp_path / "sessions" / session).text == "3 records are sound"


def test_a_record_that_was_lost_on_the_way_is_an_error(tmp_path: Path) -> None:
    keeper = recorder(tmp_path)
    keeper.take(record(0, "begin"))
    keeper.take(record(2))

    assert not keeper.state().ok
    assert "1 records were lost" in keeper.state().why
    keeper.close()


def test_a_disk_that_refuses_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "sessions").write_text("a file where a folder should be")
    keeper = recorder(tmp_path)
    keeper.take(record(0, "begin"))

    assert "cannot be written" in keeper.state().why
    keeper.close()


def test_too_little_free_space_is_an_error(tmp_path: Path) -> None:
    keeper = recorder(tmp_path, min_free_bytes=10**18)
    keeper.tick()

    assert "MB are free" in keeper.state().why


# --- a whole session -------------------------------------------------------------


@pytest.fixture(scope="module")
def session(tmp_path_factory) -> Path:
    rig = VirtualRig(program=demo_program(treatment_s=20))
    session_id = rig.open(subject="S1")
    rig.run(lambda r: r.phase == "done")
    folder = tmp_path_factory.mktemp("data")
    keeper = recorder(folder)
    for item in rig.records:
        keeper.take(item)
    keeper.close()
    assert keeper.state().ok, keeper.state()
    return folder / "sessions" / session_id


def test_a_session_leaves_a_sound_journal(session: Path) -> None:
    result = CliRunner().invoke(app, ["verify", str(session)])

    assert result.exit_code == 0, result.output
    assert "records are sound" in result.output
    kinds = {r["kind"] for r in read_records(session)}
    assert {"begin", "event", "decision", "phase", "calibration", "end"} <= kinds


def test_every_permit_is_in_the_journal_with_its_reasons(session: Path) -> None:
    decisions = [r["body"] for r in read_records(session) if r["kind"] == "decision"]
    permits = [d["permit"]["sequence"] for d in decisions if d["permit"]]

    assert permits == list(range(1, len(permits) + 1))
    loud = [d for d in decisions if d["amplitude_ma"] > 0]
    assert loud
    assert all(d["permit"] and d["reasons"] for d in loud)


def test_a_moment_is_explained(session: Path) -> None:
    records = read_records(session)
    loud = next(
        r
        for r in records
        if r["kind"] == "decision" and r["body"]["amplitude_ma"] > 2.0
    )
    at_s = loud["t_s"] - records[0]["t_s"] + 0.001

    result = CliRunner().invoke(app, ["explain", str(session), "--at", f"{at_s}"])

    assert result.exit_code == 0, result.output
    assert "in an on part" in result.output
    assert " mA were wanted; " in result.output
    assert "above the threshold of 3 %MVC" in result.output
    assert "The device confirmed" in result.output


def test_the_story_is_told(session: Path) -> None:
    result = CliRunner().invoke(app, ["explain", str(session)])

    assert "armed → treating" in result.output
    assert "outcome not_reached" in result.output


def test_mistakes_are_one_message_and_exit_code_2(session: Path, tmp_path) -> None:
    for arguments in (
        ["verify", str(tmp_path)],
        ["explain", str(tmp_path)],
        ["explain", str(session), "--at", "1e9"],
        ["explain", str(session), "--at", "-1"],
    ):
        result = CliRunner().invoke(app, arguments)
        assert result.exit_code == 2, arguments
        assert "Traceback" not in result.output


def test_a_touched_journal_is_exit_code_1(session: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    for name in (JOURNAL, SEAL):
        (copy / name).write_bytes((session / name).read_bytes())
    records = lines(copy)
    changed = json.loads(records[20])
    changed["t_s"] += 1.0
    records[20] = json.dumps(changed) + "\n"
    rewrite(copy, records)

    result = CliRunner().invoke(app, ["verify", str(copy)])

    assert result.exit_code == 1
    assert "record 20" in result.output
