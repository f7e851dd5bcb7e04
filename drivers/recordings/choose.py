"""Which signals of a recording are meant."""

from collections.abc import Sequence

from drivers.errors import RecordingError
from drivers.recordings.model import RecordedStream, Recording


def choose_streams(
    recording: Recording, stream: str | None = None, channels: Sequence[str] = ()
) -> tuple[RecordedStream, ...]:
    """Return the streams to analyse, reduced to the channels to analyse.

    More than one only if one device delivered its channels at several rates. Without
    ``stream`` it is the device with most EMG values (or, if none is named EMG, most
    values); without ``channels`` all EMG channels, or all if none is named EMG. Empty
    if the recording has no signals at all and nothing was asked for.
    """
    candidates = _by_name(recording, stream) if stream else list(recording.streams)
    if channels:
        return _by_labels(recording, candidates, channels)
    selected = [s.select(s.emg_channels) for s in candidates if s.emg_channels]
    selected = selected or candidates
    if not selected:
        return ()
    sizes: dict[str, int] = {}
    for s in selected:
        sizes[s.device] = sizes.get(s.device, 0) + s.values.size
    fullest = max(sizes, key=lambda device: sizes[device])
    return tuple(s for s in selected if s.device == fullest)


def _by_name(recording: Recording, name: str) -> list[RecordedStream]:
    wanted = name.casefold()
    exact = [s for s in recording.streams if s.name == name]
    found = exact or [s for s in recording.streams if s.name.casefold() == wanted]
    if not found:
        names = ", ".join(repr(s.name) for s in recording.streams) or "none"
        msg = f"{recording.path}: no signal stream {name!r}; the file has: {names}"
        raise RecordingError(msg)
    return found


def _by_labels(
    recording: Recording, candidates: Sequence[RecordedStream], labels: Sequence[str]
) -> tuple[RecordedStream, ...]:
    """Channels in the order asked for, from the fullest device that has them all."""
    devices: dict[str, list[RecordedStream]] = {}
    for s in candidates:
        devices.setdefault(s.device, []).append(s)
    complete = [
        streams
        for streams in devices.values()
        if set(labels) <= {label for s in streams for label in s.labels}
    ]
    if not complete:
        have = ", ".join(repr(label) for s in candidates for label in s.labels)
        msg = (
            f"{recording.path}: no stream has the channels {', '.join(labels)}; "
            f"the file has: {have or 'none'}"
        )
        raise RecordingError(msg)
    fullest = max(complete, key=lambda streams: sum(s.values.size for s in streams))
    picked = []
    for s in fullest:
        own = [s.labels.index(label) for label in labels if label in s.labels]
        if own:
            picked.append(s.select(own))
    return tuple(picked)
