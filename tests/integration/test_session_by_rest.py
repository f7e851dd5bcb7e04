"""A whole session by REST alone: measured before, needled, measured after."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.api_client import Api
from tests.support.lsl_session import isolated_lsl
from tests.support.service_process import ROOT, await_true, serving

pytestmark = [pytest.mark.slow, pytest.mark.lsl]

NAME = "needling-observation"
BEFORE = {
    "range_of_motion_deg": 32.0,
    "pain_nrs": 6.0,
    "pressure_pain_threshold_kpa": 180.0,
}
AFTER = {
    "range_of_motion_deg": 40.0,
    "pain_nrs": 5.0,
    "pressure_pain_threshold_kpa": 230.0,
}
NOTES = "two twitches seen, no soreness"
N_INSERTIONS = 3
SHIPPED = ROOT / "config/programs"


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    isolated_lsl()
    with serving(tmp_path, program=NAME, programs=SHIPPED) as (service, port):
        api = Api(service, port)
        await_true(lambda: api.http.get("/state").status_code == 200, 10)
        yield api
        api.http.close()


def enter(api: Api, session_id: str, values: dict[str, float]) -> list[httpx.Response]:
    return [
        api.act(session_id, "assess", measure=measure, value=value)
        for measure, value in values.items()
    ]


def measures(api: Api, session_id: str) -> dict[str, dict]:
    session = api.http.get(f"/sessions/{session_id}").json()["session"]
    return {one["measure"]: one for one in session["measures"]}


def begin(api: Api, session_id: str) -> None:
    """Start, with everything confirmed that this program asks for."""
    items = api.http.get("/checklist", params={"program": NAME}).json()["items"]
    assert "no_anticoagulation" in items
    body = {"operator": "Dr A", "confirmed": list(items)}
    await_true(lambda: api.act(session_id, "start", **body).is_success, 20, "started")
    api.await_phase("treating")


def needle(api: Api, session_id: str) -> None:
    for _ in range(N_INSERTIONS):
        assert api.act(session_id, "mark", text="insertion").is_success

    def n_seen() -> int:
        return api.state()["session"]["needling"]["n_insertions"]

    await_true(lambda: n_seen() == N_INSERTIONS, 10, "every insertion in the state")


def test_a_session_that_assesses_from_before_to_after(api: Api) -> None:
    session_id = api.open(subject="S9")
    await_true(lambda: api.phase() == "checking", 20, "checking")
    assert all(answer.is_success for answer in enter(api, session_id, BEFORE))
    wrong = api.act(session_id, "assess", measure="pain_nrs", value=11.0)
    assert wrong.status_code == 409
    assert "from 0 to 10" in wrong.json()["detail"]

    api.prepare(session_id)
    assert api.act(session_id, "arm").status_code == 409, "there is nothing to arm"
    begin(api, session_id)
    assert api.act(session_id, "assess", measure="pain_nrs", value=5.0).is_error
    needle(api, session_id)
    assert api.act(session_id, "finish").is_success

    api.await_phase("reassessing")
    notes = api.act(session_id, "assess", measure="notes", text=NOTES)
    assert notes.is_success, notes.text
    assert all(answer.is_success for answer in enter(api, session_id, AFTER))
    api.await_phase("done")

    assert_compared(measures(api, session_id))
    state = api.state()
    session = state["session"]
    assert session["outcome"] == "observed"
    assert session["final_pct_mvc"] is not None
    assert session["needling"]["n_insertions"] == N_INSERTIONS
    assert session["dose_ma_s"] == 0
    assert not any(state["output"]["amplitudes"])


def assert_compared(found: dict[str, dict]) -> None:
    for name, before in BEFORE.items():
        assert (found[name]["before"], found[name]["after"]) == (before, AFTER[name])
    assert found["range_of_motion_deg"]["beyond_error"] is True
    assert found["pain_nrs"]["beyond_error"] is False
    assert found["pressure_pain_threshold_kpa"]["beyond_error"] is None
