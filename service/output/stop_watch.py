"""Threads that listen to stop inputs and use the same stop as everybody."""

import threading
from collections.abc import Sequence

from drivers.ports import StopInput
from service.bus import Bus, receive, send
from service.messages import StopOutput

WAIT_S = 0.02

#: While the reason lasts, the stop is said again this often: nothing stays armed.
REPEAT_S = 0.2


class StopWatch:
    """Turns reasons to stop into `StopOutput`, from now until it is closed."""

    def __init__(self, inputs: Sequence[StopInput], bus: Bus, endpoint: str) -> None:
        self._bus = bus
        self._endpoint = endpoint
        self._error: BaseException | None = None
        self._ended = threading.Event()
        self._threads = [
            threading.Thread(target=self._guarded, args=(i,), daemon=True, name="stop")
            for i in inputs
        ]
        for stop_input in inputs:
            stop_input.open()
        for thread in self._threads:
            thread.start()

    def check(self) -> None:
        """Raise what ended a thread, if anything did: nobody hears its stop then."""
        if self._error is not None:
            raise self._error

    def close(self) -> None:
        """Stop listening."""
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def _guarded(self, stop_input: StopInput) -> None:
        try:
            self._listen(stop_input)
        except BaseException as error:  # noqa: BLE001 - the loop of the role raises it
            self._error = error
        finally:
            stop_input.close()

    def _listen(self, stop_input: StopInput) -> None:
        client = self._bus.client(self._endpoint)
        while not self._ended.is_set():
            reason = stop_input.wait(WAIT_S)
            if reason:
                send(client, StopOutput(reason=reason))
                self._ended.wait(REPEAT_S)
            while receive(client) is not None:
                pass
