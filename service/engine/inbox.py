"""What reaches the engine: sources on a thread each, the bus on another, one queue.

A reader thread owns its source. Whatever ends a thread ends the engine: a loop that
goes on without one of its senses is worse than none.
"""

import queue
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

import zmq

from drivers.ports import EmgSource, SourceEvent
from service.bus import Bus, Endpoints, answer, receive, receive_request
from service.messages import Message, OutputState, RecorderState, Reply

#: A source is asked to return after this long even if nothing came.
POLL_S = 0.05
POLL_MS = 50


@dataclass(frozen=True, slots=True)
class Request:
    """A message that wants a reply."""

    message: Message
    reply: Callable[[Reply], None]


@dataclass(frozen=True, slots=True)
class ThreadFailed:
    """A thread of the inbox ended with an error."""

    name: str
    error: BaseException


Letter = SourceEvent | OutputState | RecorderState | Request | ThreadFailed


class Inbox:
    """One queue for everything that happens."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[Letter] = queue.SimpleQueue()
        self._ended = threading.Event()
        self._threads: list[threading.Thread] = []

    def read(self, sources: Iterable[EmgSource]) -> None:
        """Read open sources until `close`."""
        for source in sources:
            self._start(f"source-{source.name}", partial(self._follow, source))

    def listen(self, bus: Bus, endpoints: Endpoints) -> None:
        """Take readbacks and requests from the bus until `close`."""
        self._start("bus", partial(self._hear, bus, endpoints))

    def get(self, timeout_s: float) -> Letter | None:
        """Return the oldest letter, None if none comes in time."""
        try:
            return self._queue.get(timeout=timeout_s)
        except queue.Empty:
            return None

    def close(self) -> None:
        """End all threads and wait for them."""
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def _start(self, name: str, target: Callable[[], None]) -> None:
        def guarded() -> None:
            try:
                target()
            except BaseException as error:  # noqa: BLE001 - the main thread raises it
                self._queue.put(ThreadFailed(name, error))

        thread = threading.Thread(target=guarded, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _follow(self, source: EmgSource) -> None:
        while not self._ended.is_set():
            for event in source.poll(POLL_S):
                self._queue.put(event)

    def _hear(self, bus: Bus, endpoints: Endpoints) -> None:
        readbacks = bus.subscriber(endpoints.readbacks)
        recorder = bus.subscriber(endpoints.recorder)
        requests = bus.server(endpoints.commands)
        replies: queue.SimpleQueue[tuple[bytes, Reply]] = queue.SimpleQueue()
        poller = zmq.Poller()
        poller.register(readbacks, zmq.POLLIN)
        poller.register(recorder, zmq.POLLIN)
        poller.register(requests, zmq.POLLIN)
        wake_in, wake_out = bus.pair("replies")
        poller.register(wake_in, zmq.POLLIN)
        while not self._ended.is_set():
            poller.poll(POLL_MS)
            for told in (readbacks, recorder):
                while (state := receive(told)) is not None:
                    if isinstance(state, OutputState | RecorderState):
                        self._queue.put(state)
            while (request := receive_request(requests)) is not None:
                address, message = request

                def reply(answered: Reply, to: bytes = address) -> None:
                    replies.put((to, answered))
                    wake_out.send(b"")

                self._queue.put(Request(message, reply))
            while wake_in.poll(0):
                wake_in.recv()
            while not replies.empty():
                answer(requests, *replies.get())
