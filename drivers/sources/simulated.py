"""A simulated subject as a source inside this process, with its truth beside it."""

from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from drivers.errors import ConnectError, DriverConfigError
from drivers.ports import ChannelInfo, Clock, SourceEvent, StreamInfo
from drivers.subject.person import Task
from drivers.subject.stimulation import Stimulation, StimulationLine
from drivers.subject.subject import SimulatedSubject
from dsp.types import F64, Chunk

DEFAULT_CHUNK_SAMPLES = 32
#: A reader that stalled gets what it missed in portions of this many chunks.
MAX_CHUNKS_PER_POLL = 64
TRUTH_CHUNKS = 65_536
#: A virtual clock counts whole nanoseconds and may wake that much too early.
CLOCK_TICK_S = 1e-9


class Truth(NamedTuple):
    """What was really the case during one chunk, that ends at ``t_s``.

    ``tones_pct_mvc`` has a column per muscle.
    """

    t_s: float
    tones_pct_mvc: F64
    stimulation: Stimulation

    @property
    def tone_pct_mvc(self) -> F64:
        """Tone of the first muscle."""
        return np.asarray(self.tones_pct_mvc[:, 0])


class SimulatedSource:
    """EMG of a `SimulatedSubject` at the pace of a clock.

    Under a `ManualClock`, `poll` lets the virtual time pass until the next chunk is
    due. Stimulation comes from ``line``, prompts by `prompt`; both act from the start
    of the next chunk on.
    """

    def __init__(
        self,
        name: str,
        subject: SimulatedSubject,
        clock: Clock,
        line: StimulationLine | None = None,
        chunk_samples: int = DEFAULT_CHUNK_SAMPLES,
    ) -> None:
        if chunk_samples < 1:
            msg = f"source {name!r}: expected chunk_samples >= 1, got {chunk_samples}"
            raise DriverConfigError(msg)
        self.name = name
        self.truth: deque[Truth] = deque(maxlen=TRUTH_CHUNKS)
        self._subject = subject
        self._clock = clock
        self._line = line or StimulationLine()
        self._chunk_samples = chunk_samples
        self._index = np.arange(chunk_samples, dtype=np.float64)
        self._task = Task.RELAX
        self._start_s = 0.0
        self._n_sent = 0
        self._is_open = False

    @property
    def tone_pct_mvc(self) -> float:
        """The true tone at the end of the newest chunk."""
        return self._subject.person.tone_pct_mvc

    def prompt(self, task: Task) -> None:
        """Ask the subject to do something."""
        self._task = task

    def insert_needle(self) -> None:
        """Let an operator insert a needle now."""
        self._subject.insert_needle()

    def open(self) -> StreamInfo:
        """Start the subject's time now."""
        if not self._is_open:
            self._start_s = self._clock.now_s()
            self._n_sent = 0
            self._is_open = True
        preset = self._subject.params.preset
        return StreamInfo(
            name=self.name,
            type="EMG",
            source_id=f"simulated-{preset}",
            uid=f"simulated-{preset}-{self.name}",
            hostname="localhost",
            channel_format="double64",
            nominal_rate_hz=self._subject.fs,
            channels=tuple(
                ChannelInfo(label, "microvolts") for label in self._subject.labels
            ),
        )

    def poll(self, timeout_s: float) -> Sequence[SourceEvent]:
        """Return the chunks that are due, after at most ``timeout_s`` of waiting."""
        if not self._is_open:
            msg = f"source {self.name!r}: not open"
            raise ConnectError(msg)
        now_s = self._clock.now_s()
        wait_s = self._due_s() - now_s
        if wait_s > 0.0:
            self._clock.sleep(min(wait_s, timeout_s))
            now_s = self._clock.now_s()
        chunks: list[SourceEvent] = []
        while (
            self._due_s() <= now_s + CLOCK_TICK_S and len(chunks) < MAX_CHUNKS_PER_POLL
        ):
            chunks += self._next_chunk(now_s)
        return chunks

    def close(self) -> None:
        """Stop the subject's time."""
        self._is_open = False

    def _due_s(self) -> float:
        n_next = self._n_sent + self._chunk_samples
        return self._start_s + n_next / self._subject.fs

    def _next_chunk(self, arrival_s: float) -> list[Chunk]:
        """Return the next chunk, nothing while the subject's stream is stalled."""
        fs, n_samples = self._subject.fs, self._chunk_samples
        t_s = self._index + self._n_sent
        t_s /= fs
        t_s += self._start_s
        sites = self._line.sites_at(float(t_s[0]))
        step = self._subject.step(n_samples, sites, self._task)
        self._n_sent += n_samples
        self.truth.append(Truth(float(t_s[-1]), step.tones_pct_mvc, sites[0]))
        if step.is_stalled:
            return []
        return [Chunk(self.name, step.emg_uv, t_s, arrival_s)]
