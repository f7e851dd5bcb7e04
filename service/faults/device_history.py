"""What a stimulator behind a stream did, by its own rules, from what it was sent.

A command acts from when it was sent until the next one or the end of its validity,
whichever comes first. Both are stamps of the sender's clock: whoever listens here may
be late without changing what is found.
"""

from types import ModuleType

from drivers.errors import ProtocolError
from drivers.stimulation_wire import STREAM_TYPE, WireCommand, decode
from drivers.subject.listeners import Subscription

History = list[tuple[float, float]]


class DeviceHistory:
    """Listens to one stimulation stream."""

    def __init__(self, lsl: ModuleType, name: str) -> None:
        self._subscription = Subscription(lsl, name, STREAM_TYPE)
        self._commands: list[tuple[float, WireCommand | None]] = []

    @property
    def is_connected(self) -> bool:
        """Whether the stream has been found."""
        return self._subscription.is_connected

    def listen(self) -> None:
        """Take in what has come."""
        samples, stamps_s = self._subscription.pull_stamped()
        for sample, t_s in zip(samples, stamps_s, strict=True):
            self._commands.append((t_s, _understood(sample)))

    def changes(self) -> History:
        """Return (t_s, largest amplitude) for every change so far."""
        return changes_of(self._commands)


def changes_of(commands: list[tuple[float, WireCommand | None]]) -> History:
    """Return what a stimulator did that got these commands at these times."""
    found: History = []
    until_s = 0.0
    for t_s, command in commands:
        if found and found[-1][1] > 0 and until_s < t_s:
            found.append((until_s, 0.0))
        amplitude = 0.0
        if command is not None and command.is_valid_at(t_s):
            amplitude = max(one.amplitude for one in command.commands)
            until_s = command.valid_until_s
        if not found or found[-1][1] != amplitude:
            found.append((t_s, amplitude))
    if found and found[-1][1] > 0:
        found.append((until_s, 0.0))
    return found


def _understood(sample: list[float]) -> WireCommand | None:
    try:
        return decode(sample)
    except ProtocolError:
        # A stimulator is at zero for as long as it does not understand.
        return None
