"""Sockets between the roles: who binds, who connects, and what each may lose.

Every role has its own `Bus`, used by one thread. Endpoints are ``ipc://`` in a folder
that only this user can enter, and loopback TCP where ``ipc://`` does not exist.
"""

import os
import socket
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

import msgspec
import zmq

from service.messages import Message, decode, encode

#: Messages that a slow subscriber of `live` may lag behind before it loses some.
LIVE_HWM = 200

#: Records that may be on their way to a recorder that is busy with its disk.
RECORDS_HWM = 20_000


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where each socket is.

    Parameters
    ----------
    permits : str
        Engine to output; conflating, only the newest is ever read.
    readbacks : str
        Output to all: what the device does.
    actuator : str
        To the output, with a reply: stop, clear a fault. Works without the engine.
    commands : str
        To the engine, with a reply: requests of the operator.
    live : str
        Engine to all: states and events.
    records : str
        Engine to recorder: every line of the journal, none may be lost.
    recorder : str
        Recorder to all: whether there is a record.
    heartbeats : str
        All to the supervisor.
    """

    permits: str
    readbacks: str
    actuator: str
    commands: str
    live: str
    records: str
    recorder: str
    heartbeats: str

    @classmethod
    def in_folder(cls, folder: Path) -> Self:
        """Return endpoints for roles that share ``folder``."""
        names = tuple(cls.__dataclass_fields__)
        if os.name == "posix":
            return cls(*(f"ipc://{folder / name}" for name in names))
        return cls(*(f"tcp://127.0.0.1:{port}" for port in _free_ports(len(names))))

    def to_json(self) -> str:
        """Return the endpoints for the command line of a role."""
        return msgspec.json.encode(asdict(self)).decode()

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the endpoints of `to_json`."""
        return cls(**msgspec.json.decode(text, type=dict[str, str]))


def _free_ports(n: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(n)]
    ports = [int(opened.getsockname()[1]) for opened in sockets]
    for opened in sockets:
        opened.close()
    return ports


class Bus:
    """The sockets of one role. Nothing lingers: what is not sent at the end is lost."""

    def __init__(self, endpoints: Endpoints) -> None:
        self._endpoints = endpoints
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context(io_threads=1)
        self._context.setsockopt(zmq.LINGER, 0)

    def permits_in(self) -> zmq.Socket[bytes]:
        """Return the output's end: it holds nothing but the newest permit."""
        permits = self._context.socket(zmq.SUB)
        permits.setsockopt(zmq.CONFLATE, 1)
        permits.setsockopt(zmq.SUBSCRIBE, b"")
        permits.bind(self._endpoints.permits)
        return permits

    def permits_out(self) -> zmq.Socket[bytes]:
        """Return the engine's end: it never blocks."""
        permits = self._context.socket(zmq.PUB)
        permits.setsockopt(zmq.CONFLATE, 1)
        permits.connect(self._endpoints.permits)
        return permits

    def publisher(self, endpoint: str) -> zmq.Socket[bytes]:
        """Return a socket that tells everyone who listens at ``endpoint``."""
        publisher = self._context.socket(zmq.PUB)
        publisher.setsockopt(zmq.SNDHWM, LIVE_HWM)
        publisher.bind(endpoint)
        return publisher

    def subscriber(self, endpoint: str) -> zmq.Socket[bytes]:
        """Return a socket that hears what is published at ``endpoint``."""
        subscriber = self._context.socket(zmq.SUB)
        subscriber.setsockopt(zmq.RCVHWM, LIVE_HWM)
        subscriber.setsockopt(zmq.SUBSCRIBE, b"")
        subscriber.connect(endpoint)
        return subscriber

    def server(self, endpoint: str) -> zmq.Socket[bytes]:
        """Return a socket that answers requests: receive, then reply with `answer`."""
        server = self._context.socket(zmq.ROUTER)
        server.bind(endpoint)
        return server

    def client(self, endpoint: str) -> zmq.Socket[bytes]:
        """Return a socket that asks a `server`; replies come back in order."""
        client = self._context.socket(zmq.DEALER)
        client.connect(endpoint)
        return client

    def records_in(self) -> zmq.Socket[bytes]:
        """Return the recorder's end."""
        records = self._context.socket(zmq.PULL)
        records.setsockopt(zmq.RCVHWM, RECORDS_HWM)
        records.bind(self._endpoints.records)
        return records

    def records_out(self) -> zmq.Socket[bytes]:
        """Return the engine's end: it never blocks, and says when it is full."""
        records = self._context.socket(zmq.PUSH)
        records.setsockopt(zmq.SNDHWM, RECORDS_HWM)
        records.connect(self._endpoints.records)
        return records

    def heartbeats_in(self) -> zmq.Socket[bytes]:
        """Return the supervisor's end."""
        heartbeats = self._context.socket(zmq.PULL)
        heartbeats.bind(self._endpoints.heartbeats)
        return heartbeats

    def heartbeats_out(self) -> zmq.Socket[bytes]:
        """Return a role's end."""
        heartbeats = self._context.socket(zmq.PUSH)
        heartbeats.setsockopt(zmq.SNDHWM, 1)
        heartbeats.connect(self._endpoints.heartbeats)
        return heartbeats

    def pair(self, name: str) -> tuple[zmq.Socket[bytes], zmq.Socket[bytes]]:
        """Return two connected ends for two threads of one role."""
        first = self._context.socket(zmq.PAIR)
        first.bind(f"inproc://{name}")
        second = self._context.socket(zmq.PAIR)
        second.connect(f"inproc://{name}")
        return first, second

    def close(self) -> None:
        """Close every socket."""
        self._context.destroy(linger=0)


def send(socket_: zmq.Socket[bytes], message: Message) -> bool:
    """Send without waiting; return False if nobody could take it."""
    try:
        socket_.send(encode(message), zmq.NOBLOCK)
    except zmq.Again:
        return False
    return True


def receive(socket_: zmq.Socket[bytes]) -> Message | None:
    """Return the next message if there is one.

    What cannot be decoded raises `msgspec.ValidationError`: both ends are this program.
    """
    try:
        message: Message = decode(socket_.recv(zmq.NOBLOCK))
    except zmq.Again:
        return None
    return message


def receive_request(server: zmq.Socket[bytes]) -> tuple[bytes, Message] | None:
    """Return the address and the content of the next request if there is one."""
    try:
        address, body = server.recv_multipart(zmq.NOBLOCK)
    except zmq.Again:
        return None
    return address, decode(body)


def answer(server: zmq.Socket[bytes], address: bytes, reply: Message) -> None:
    """Reply to a request; a client that has gone does not matter."""
    try:
        server.send_multipart([address, encode(reply)], zmq.NOBLOCK)
    except zmq.Again:
        return
