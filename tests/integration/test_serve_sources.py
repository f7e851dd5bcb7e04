"""Several sources at once, and a recording as a source, in the running service."""

import json
from pathlib import Path

import httpx
import numpy as np
import pytest

from tests.support.lsl_session import isolated_lsl
from tests.support.lsl_streams import LONGEST_S, Outlet
from tests.support.service_process import RIG, await_true, serving

pytestmark = [pytest.mark.slow, pytest.mark.lsl]
ONE = '[[sources]]\nname = "emg"\ndriver = "simulated"\n'


@pytest.fixture(autouse=True)
def _isolated() -> None:
    isolated_lsl()


def states(port: int):
    return httpx.get(f"http://127.0.0.1:{port}/api/v1/state").json()


def test_two_amplifiers_keep_their_rates_and_share_a_clock(tmp_path: Path) -> None:
    second = (
        '[[sources]]\nname = "arm"\ndriver = "simulated"\nsample_rate_hz = 1000.0\n'
    )
    with serving(tmp_path, rig=RIG.replace(ONE, ONE + second)) as (_service, port):
        await_true(lambda: len(states(port)["channels"]) == 2, 10)
        await_true(
            lambda: all(s["age_ms"] is not None for s in states(port)["sources"]), 10
        )
        state = states(port)

    emg, arm = state["sources"]
    assert (emg["sample_rate_hz"], arm["sample_rate_hz"]) == (2048.0, 1000.0)
    assert {c["source"] for c in state["channels"]} == {"emg", "arm"}


def test_a_recording_is_a_source_until_it_ends(tmp_path: Path) -> None:
    t_s = np.arange(3000) / 1000
    emg_uv = np.random.default_rng(1).standard_normal(3000) * 20
    path = tmp_path / "rec.csv"
    rows = "\n".join(f"{t:.3f},{v:.3f}" for t, v in zip(t_s, emg_uv, strict=True))
    path.write_text("time (s),trapezius emg (uV)\n" + rows + "\n")
    replay = f'[[sources]]\nname = "emg"\ndriver = "replay"\nfile = "{path}"\n'
    with serving(tmp_path, rig=RIG.replace(ONE, replay)) as (_service, port):
        await_true(lambda: states(port)["channels"][0]["envelope_uv"], 10)
        before = states(port)
        await_true(lambda: not states(port)["sources"][0]["connected"], 10)
        after = states(port)

    assert before["channels"][0]["label"] == "trapezius emg"
    assert before["channels"][0]["envelope_uv"] == pytest.approx(20, rel=0.3)
    assert "at its end" in after["sources"][0]["notice"]


def test_markers_of_a_foreign_clock_are_told_with_a_time_of_ours(
    tmp_path: Path,
) -> None:
    lsl = isolated_lsl()
    sender = Outlet(stream_type="Markers", rate_hz=0.0, n_channels=1, form="string")
    wanted = f'[markers]\nstream_name = "{sender.name}"\n[control]'
    with serving(tmp_path, rig=RIG.replace("[control]", wanted)) as (_service, port):
        (info,) = lsl.resolve_byprop("name", f"markers-{port}", 1, LONGEST_S)
        inlet = lsl.StreamInlet(info, recover=False)
        inlet.open_stream(LONGEST_S)
        events: list[dict] = []

        def is_told() -> bool:
            texts, _ = inlet.pull_chunk(0.0)
            events.extend(json.loads(text) for (text,) in texts)
            return any(event["kind"] == "marker" for event in events)

        # A marker that nobody has subscribed to yet is nobody's.
        await_true(sender.outlet.have_consumers, LONGEST_S)
        sent_s = lsl.local_clock()
        sender.push([["needle in"]], [1.7e9])
        await_true(is_told, LONGEST_S)

    kinds = [e["kind"] for e in events if e["detail"].get("source") == "markers"]
    assert kinds == ["foreign_clock", "marker"]
    detail = next(e["detail"] for e in events if e["kind"] == "marker")
    assert detail["text"] == "needle in"
    assert sent_s <= detail["t"] <= lsl.local_clock()
