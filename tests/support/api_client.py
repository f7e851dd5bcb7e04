"""The REST API as a script uses it: requests, and waiting for what they lead to."""

import httpx

from tests.support.service_process import ServiceProcess, await_true


class Api:
    def __init__(self, service: ServiceProcess, port: int) -> None:
        self.service = service
        self.host = f"127.0.0.1:{port}"
        self.http = httpx.Client(base_url=f"http://{self.host}/api/v1", timeout=5)

    def state(self) -> dict:
        return self.http.get("/state").json()

    def phase(self) -> str:
        session = self.state()["session"]
        return session["phase"] if session else ""

    def await_phase(self, phase: str, longest_s: float = 60) -> None:
        await_true(lambda: self.phase() == phase, longest_s, phase)

    def open(self, **body) -> str:
        self.http.post("/stop")
        answer = self.http.post("/sessions", json=body)
        assert answer.status_code == 201, answer.text
        return answer.json()["session_id"]

    def act(self, session_id: str, verb: str, **body) -> httpx.Response:
        return self.http.post(f"/sessions/{session_id}/{verb}", json=body or None)

    def prepare(self, session_id: str) -> None:
        """Calibrate as an operator does: again, if the signal failed meanwhile."""

        def is_ready() -> bool:
            if self.phase() == "checking":
                self.act(session_id, "calibrate", noise_uv=3.0, mvc_uv=600.0)
            return self.phase() == "ready"

        await_true(is_ready, 60, "ready")

    def arm(self, session_id: str) -> None:
        await_true(lambda: self.act(session_id, "arm").is_success, 20, "armed")

    def url(self, query: str = "") -> str:
        return f"ws://{self.host}/api/v1/live{query}"
