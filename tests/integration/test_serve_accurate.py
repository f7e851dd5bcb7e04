"""The running service with the accurate chain, and a reference from an earlier day."""

from pathlib import Path

import httpx
import pytest

from dsp.normalise import Reference, ReferenceKind
from service.engine.references import unix_now
from service.references import Montage, ReferenceStore, StoredReference
from tests.support.lsl_session import isolated_lsl
from tests.support.service_process import RIG, await_true, serving

pytestmark = [pytest.mark.slow, pytest.mark.lsl]
MUSCLE = "trapezius_r"
TREATED = RIG.replace(
    'driver = "simulated"\n[control]',
    'driver = "simulated"\n[sources.treatment]\nartifact = "comb"\n'
    'heart = "template"\n[calibration]\nreference_max_age_h = 2.0\n[control]',
)


def store_of(folder: Path) -> ReferenceStore:
    """Return the store of the service that keeps its data in ``folder``."""
    return ReferenceStore(folder / "references")


def stored(age_h: float) -> StoredReference:
    reference = Reference(
        "S1",
        MUSCLE,
        ReferenceKind.MVC,
        600.0,
        3.0,
        (20.0, 450.0),
        unix_now() - 3600 * age_h,
    )
    return StoredReference(reference, Montage("emg", MUSCLE, 2048.0))


class Client:
    def __init__(self, port: int) -> None:
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{port}/api/v1", timeout=5)

    def state(self) -> dict:
        return self.http.get("/state").json()

    def open(self, **body) -> str:
        self.http.post("/stop")
        answer = self.http.post("/sessions", json=body)
        assert answer.status_code == 201, answer.text
        return answer.json()["session_id"]

    def calibrate(self, session_id: str, **body) -> httpx.Response:
        """Ask until the EMG has been good for long enough."""
        answers = []

        def asked() -> bool:
            path = f"/sessions/{session_id}/calibrate"
            answers.append(self.http.post(path, json=body or None))
            return "must be good" not in answers[-1].text and (
                "not usable" not in answers[-1].text
                and "not possible" not in answers[-1].text
            )

        await_true(asked, 20, "an answer that is not about the EMG")
        return answers[-1]


def test_a_stored_reference_is_used_refused_and_found_damaged(tmp_path: Path) -> None:
    isolated_lsl()
    with serving(tmp_path, rig=TREATED) as (_service, port):
        client = Client(port)
        await_true(lambda: client.http.get("/state").status_code == 200, 10)
        store = store_of(tmp_path / "data")

        store.save(stored(age_h=3.0))
        session = client.open(subject="S1", reference="stored")
        old = client.calibrate(session)
        assert old.status_code == 409
        assert "is 3.0 h old, expected at most 2.0 h" in old.json()["detail"]
        state = client.state()
        assert state["channels"][0]["unit"] == "uv"
        assert "3.0 h old" in state["session"]["reference"]

        path = store.save(stored(age_h=1.0))
        path.write_text(path.read_text()[:40])
        damaged = client.calibrate(client.open(subject="S1"), reference="stored")
        assert damaged.status_code == 409
        assert str(path) in damaged.json()["detail"]

        store.save(stored(age_h=1.0))
        session = client.open(subject="S1", reference="stored")
        assert client.calibrate(session).is_success
        await_true(lambda: client.state()["session"]["calibrating"], 5)
        await_true(lambda: client.state()["session"]["phase"] == "ready", 40)
        state = client.state()
        calibration = state["session"]["calibration"]
        assert calibration["origin"] == "stored"
        assert calibration["mvc_uv"] == pytest.approx(600.0, rel=1e-3)
        assert state["channels"][0]["unit"] == "pct_mvc"
        await_true(lambda: (client.state()["activity"] or {}).get("observed_s"), 10)
        assert client.http.get("/health").is_success
        client.http.close()
