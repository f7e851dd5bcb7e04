"""``python -m service.faults.flood``: far more requests than any dashboard makes.

Waits for ``request-flood RATE`` on standard input, then asks for health and state at
that rate for `FLOOD_FOR_S`, over kept connections; ends with its standard input.
"""

import argparse
import http.client
import sys
import threading

from drivers.clock import SystemClock

PATHS = ("/api/v1/health", "/api/v1/state")
FLOOD_FOR_S = 5.0
N_CONNECTIONS = 4
TIMEOUT_S = 1.0


def main() -> int:
    """Flood whenever a line asks for it."""
    parser = argparse.ArgumentParser(prog="python -m service.faults.flood")
    parser.add_argument("--port", type=int, required=True)
    port: int = parser.parse_args().port
    for line in sys.stdin:
        _, _, rate = line.strip().partition(" ")
        flood(port, float(rate))
    return 0


def flood(port: int, rate_hz: float) -> int:
    """Ask for `FLOOD_FOR_S` at ``rate_hz``; return how many answers came."""
    answers = [0] * N_CONNECTIONS

    def ask(k: int) -> None:
        answers[k] = _ask_often(port, rate_hz / N_CONNECTIONS)

    threads = [
        threading.Thread(target=ask, args=(k,), daemon=True)
        for k in range(N_CONNECTIONS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(answers)


def _ask_often(port: int, rate_hz: float) -> int:
    clock = SystemClock()
    began_s, n_asked, n_answers = clock.now_s(), 0, 0
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
    while (now_s := clock.now_s()) < began_s + FLOOD_FOR_S:
        if n_asked > (now_s - began_s) * rate_hz:
            clock.sleep(1.0 / rate_hz)
            continue
        n_asked += 1
        try:
            connection.request("GET", PATHS[n_asked % len(PATHS)])
            connection.getresponse().read()
            n_answers += 1
        except (OSError, http.client.HTTPException):
            # A server that gives up under a flood is a finding of whoever counts the
            # answers; the flood goes on.
            connection.close()
    connection.close()
    return n_answers


if __name__ == "__main__":
    sys.exit(main())
