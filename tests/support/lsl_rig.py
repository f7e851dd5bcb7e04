"""An LSL source on a liblsl that does whatever a rig can do to it."""

from drivers.ports import SourceNotice
from drivers.sources.lsl import LslSource, LslSourceParams
from dsp.types import Chunk
from tests.support.fake_lsl import FakeLsl, FakeStream

CHUNK_S = 0.02


class Rig:
    def __init__(self, **params) -> None:
        self.lsl = FakeLsl()
        self.source = LslSource(
            "emg", LslSourceParams(**params), lsl=self.lsl, clock=self.lsl.clock
        )

    def stream(self, **changes) -> FakeStream:
        return FakeStream(self.lsl, **changes)

    def poll(self):
        return list(self.source.poll(0.05))

    def flow(self, stream: FakeStream, duration_s: float = 0.5):
        events = []
        for _ in range(round(duration_s / CHUNK_S)):
            self.lsl.clock.sleep(CHUNK_S)
            stream.send(40)
            events += self.poll()
        return events

    def wait(self, duration_s: float):
        events, end_s = [], self.lsl.clock.now_s() + duration_s
        while self.lsl.clock.now_s() < end_s:
            events += self.poll()
        return events


def kinds(events) -> list[str]:
    return [
        e.kind if isinstance(e, SourceNotice) else type(e).__name__
        for e in events
        if not isinstance(e, Chunk)
    ]


def opened(rig: Rig, **changes) -> FakeStream:
    stream = rig.stream(**changes)
    rig.source.open()
    return stream
