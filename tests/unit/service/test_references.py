"""References on disk: whole or absent, believed only if they fit."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.clock import ManualClock
from dsp.normalise import Reference, ReferenceKind
from service.messages import Record
from service.recorder.recorder import Recorder
from service.references import (
    Montage,
    ReferenceDamagedError,
    ReferenceStore,
    StoredReference,
    Wanted,
    find,
    parse,
)

TAKEN_S = 1_700_000_000.0
HOUR_S = 3600.0
MONTAGE = Montage("emg", "T1 - T2", 2048.0)
REFERENCE = Reference(
    "S 1", "trapezius", ReferenceKind.MVC, 400.0, 3.0, (20.0, 450.0), TAKEN_S
)
STORED = StoredReference(REFERENCE, MONTAGE, None, "abc", ("a doubt",))
WANTED = Wanted("S 1", "trapezius", MONTAGE, (20.0, 450.0), 24 * HOUR_S)


@pytest.fixture
def store(tmp_path: Path) -> ReferenceStore:
    return ReferenceStore(tmp_path / "references")


def test_what_is_saved_is_found_again_and_replaces_the_older(store) -> None:
    assert store.load("S 1", "trapezius") is None

    store.save(STORED)
    newer = replace(STORED, reference=replace(REFERENCE, reference_uv=500.0))
    path = store.save(newer)

    assert store.load("S 1", "trapezius") == newer
    assert [p.name for p in path.parent.iterdir()] == [path.name]
    assert find(store, WANTED, TAKEN_S + HOUR_S) == newer


@settings(max_examples=60)
@given(st.text(min_size=1, max_size=60), st.text(min_size=1, max_size=60))
def test_any_names_give_a_file_of_their_own_inside_the_folder(one, other) -> None:
    store = ReferenceStore(Path("/folder"))

    path = store.path(one, other)

    assert path.parent == Path("/folder")
    assert path.name.isascii()
    assert (path == store.path(other, one)) == (one == other)
    assert store.path(one + other, "x") != store.path(one, other + "x")


@pytest.mark.parametrize(
    ("wanted", "now_s", "words"),
    [
        ({}, TAKEN_S + 25 * HOUR_S, "is 25.0 h old, expected at most 24.0 h"),
        ({}, TAKEN_S - HOUR_S, "is -1.0 h old"),
        ({"band_hz": (30.0, 450.0)}, TAKEN_S, "the filter is (30.0, 450.0) Hz"),
        (
            {"montage": Montage("emg", "T1 - T3", 2048.0)},
            TAKEN_S,
            "electrodes T1 - T2 of emg, now they are T1 - T3 of emg",
        ),
        (
            {"montage": Montage("emg", "T1 - T2", 1000.0)},
            TAKEN_S,
            "was taken at 2048 Hz, now it is 1000 Hz",
        ),
        ({"subject": "S 2"}, TAKEN_S, "no reference of trapezius is stored for S 2"),
        ({"subject": ""}, TAKEN_S, "open the session with one"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(store, wanted, now_s, words) -> None:
    store.save(STORED)

    found = find(store, replace(WANTED, **wanted), now_s)

    assert isinstance(found, str)
    assert words in found


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda d: "{", "truncated"),
        (lambda d: "[]", "Expected `object`"),
        (lambda d: d | {"format": 2}, "expected format 1, got 2"),
        (lambda d: d | {"surprise": 1}, "unknown field `surprise`"),
        (lambda d: d | {"rvc_pct_mvc": 15.0}, "rvc_pct_mvc with kind rvc"),
        (lambda d: {k: v for k, v in d.items() if k != "montage"}, "`montage`"),
        (
            lambda d: d | {"reference": d["reference"] | {"reference_uv": -1.0}},
            "reference_uv",
        ),
        (
            lambda d: d | {"reference": d["reference"] | {"noise_uv": "3"}},
            "noise_uv",
        ),
        (
            lambda d: d | {"reference": d["reference"] | {"subject": "S 2"}},
            "it is that of 'S 2'",
        ),
    ],
)
def test_a_damaged_file_is_named_and_never_used(store, change, words) -> None:
    path = store.save(STORED)
    data = change(json.loads(path.read_text()))
    path.write_text(data if isinstance(data, str) else json.dumps(data))

    with pytest.raises(ReferenceDamagedError) as caught:
        store.load("S 1", "trapezius")

    assert str(path) in str(caught.value)
    assert words in str(caught.value)
    assert "calibrate anew" in str(caught.value)
    assert find(store, WANTED, TAKEN_S) == str(caught.value)


def test_a_file_that_cannot_be_read_is_named(store) -> None:
    path = store.path("S 1", "trapezius")
    path.mkdir(parents=True)

    with pytest.raises(ReferenceDamagedError, match="directory"):
        store.load("S 1", "trapezius")


def test_a_load_is_stored_with_what_it_is_worth() -> None:
    rvc = replace(REFERENCE, kind=ReferenceKind.RVC)
    stored = StoredReference(rvc, MONTAGE, 15.0)

    assert parse(stored.to_data()) == stored


def test_the_recorder_keeps_the_reference_of_a_session(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, {}, ManualClock(), min_free_bytes=0)
    for number, (kind, body) in enumerate(
        [("begin", {}), ("reference", STORED.to_data()), ("end", {})]
    ):
        recorder.take(
            Record(session_id="s", number=number, t_s=0.0, kind=kind, body=body)
        )

    assert recorder.state().ok, recorder.state().why
    assert ReferenceStore(tmp_path / "references").load("S 1", "trapezius") == STORED
