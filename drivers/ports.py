"""The two ports of the loop: where EMG comes from and where stimulation goes.

Drivers are single-threaded objects: one owner calls every method. None of them starts
a thread, sleeps longer than it is told to, or decides anything.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from dsp.types import Chunk


@dataclass(frozen=True, slots=True)
class ChannelInfo:
    """One channel of a stream: its label and the unit in which the device sends it."""

    label: str
    unit: str


@dataclass(frozen=True, slots=True)
class StreamInfo:
    """What a source is once it is open.

    ``channels`` are those that its chunks carry (after selection and montage).
    ``nominal_rate_hz`` is 0 for irregular streams.
    """

    name: str
    type: str
    source_id: str
    uid: str
    hostname: str
    channel_format: str
    nominal_rate_hz: float
    channels: tuple[ChannelInfo, ...]


@dataclass(frozen=True, slots=True)
class SourceLost:
    """The source went away or fell silent; it is trying to come back."""

    source: str
    reason: str
    arrival_s: float


@dataclass(frozen=True, slots=True)
class SourceRestored:
    """The source is back. Whoever uses it must treat what follows as a new start."""

    source: str
    info: StreamInfo
    reason: str
    arrival_s: float


@dataclass(frozen=True, slots=True)
class SourceNotice:
    """Something the operator should read: wrong rate, clock step, doubtful stamps.

    ``kind`` is a stable word for machines, ``text`` a sentence for people.
    """

    source: str
    kind: str
    text: str
    arrival_s: float


@dataclass(frozen=True, slots=True)
class SourceEnded:
    """No more data will ever come (a recording is at its end)."""

    source: str
    arrival_s: float


@dataclass(frozen=True, slots=True)
class Marker:
    """One sample of a marker stream."""

    source: str
    t_s: float
    text: str
    arrival_s: float


@dataclass(frozen=True, slots=True)
class Discontinuity:
    """The next chunk does not continue the last one: samples are missing between them.

    ``missing_samples`` is 0 where nobody can say how many.
    """

    source: str
    reason: str
    missing_samples: int
    arrival_s: float


SourceEvent = (
    Chunk
    | SourceLost
    | SourceRestored
    | SourceNotice
    | SourceEnded
    | Discontinuity
    | Marker
)


class EmgSource(Protocol):
    """Where EMG comes from.

    `poll` returns what has come, oldest first, waiting at most ``timeout_s`` for the
    first of it; an empty sequence means that nothing came. Values are microvolt,
    time stamps are the LSL clock of this host.
    """

    name: str

    def open(self) -> StreamInfo:
        """Connect; raise `drivers.errors.ConnectError` saying why not."""

    def poll(self, timeout_s: float) -> Sequence[SourceEvent]:
        """Return what came since the last call, waiting at most ``timeout_s``."""

    def close(self) -> None:
        """Let go of everything. May be called twice, and after a failed `open`."""


@dataclass(frozen=True, slots=True)
class OutputChannel:
    """One actuator: what its amplitude means and what the device can do.

    ``amplitude_step`` is the device's grid; 0 means continuous.
    """

    label: str
    amplitude_unit: str
    max_amplitude: float
    amplitude_step: float


@dataclass(frozen=True, slots=True)
class OutputInfo:
    """What an output is: its channels and its own expiry.

    ``expiry_s`` is the longest time for which the device goes on by itself after the
    last command (0 when it stops at once).
    """

    driver: str
    name: str
    channels: tuple[OutputChannel, ...]
    expiry_s: float


class ChannelCommand(NamedTuple):
    """What one actuator shall do. Amplitude in its unit; 0 is off."""

    amplitude: float
    pulse_width_us: float
    frequency_hz: float


class Readback(NamedTuple):
    """What the device says it is doing, the only evidence of an output's state.

    ``sequence`` is that of the last command that was applied, ``active`` is False once
    it stopped or expired; ``fault`` names an error state that the device reports.
    """

    sequence: int
    active: bool
    amplitudes: tuple[float, ...]
    fault: str | None = None


class Output(Protocol):
    """Where stimulation goes.

    Every method returns within 100 ms. An applied command expires by itself after
    ``valid_for_s``. Anything outside `describe` is refused, never clamped: clamping is
    the business of the limits above.
    """

    def describe(self) -> OutputInfo:
        """Return channels, units and expiry; legal before `open`."""

    def open(self) -> Readback:
        """Connect and confirm that the device is at zero."""

    def apply(
        self, sequence: int, commands: Sequence[ChannelCommand], valid_for_s: float
    ) -> Readback:
        """Send one command per channel and confirm it by readback."""

    def read(self) -> Readback:
        """Ask the device what it is doing now."""

    def stop(self) -> Readback:
        """Go to zero at once. Idempotent, legal in every state."""

    def close(self) -> None:
        """Stop and let go. May be called twice, and after a failed `open`."""


class StopInput(Protocol):
    """Hardware that says stop; whatever is wrong with it is a reason to stop."""

    def open(self) -> None:
        """Connect.

        Raises
        ------
        ConnectError
            If it cannot be reached.
        """

    def wait(self, timeout_s: float) -> str:
        """Wait for a reason to stop.

        Parameters
        ----------
        timeout_s : float
            How long at most.

        Returns
        -------
        str
            Why to stop; empty when there was no reason.
        """

    def close(self) -> None:
        """Let go of it."""


class Clock(Protocol):
    """Time for everything above the drivers."""

    def now_s(self) -> float:
        """Return seconds of the LSL clock of this host (monotonic)."""

    def now_ns(self) -> int:
        """Return monotonic nanoseconds, the clock of permits."""

    def sleep(self, duration_s: float) -> None:
        """Let ``duration_s`` pass."""
