"""The LSL streams that can be seen from here."""

from dataclasses import dataclass

from drivers.liblsl import load_pylsl

FORMATS = {
    1: "float32",
    2: "double64",
    3: "string",
    4: "int32",
    5: "int16",
    6: "int8",
    7: "int64",
}


@dataclass(frozen=True, slots=True)
class VisibleStream:
    """What a stream says about itself before anybody subscribes to it."""

    name: str
    type: str
    source_id: str
    hostname: str
    uid: str
    n_channels: int
    nominal_rate_hz: float
    channel_format: str
    created_at_s: float


def visible_streams(timeout_s: float) -> tuple[VisibleStream, ...]:
    """Return every stream that answers within ``timeout_s``, sorted by name."""
    infos = {info.uid(): info for info in load_pylsl().resolve_streams(timeout_s)}
    streams = [
        VisibleStream(
            name=info.name(),
            type=info.type(),
            source_id=info.source_id(),
            hostname=info.hostname(),
            uid=info.uid(),
            n_channels=info.channel_count(),
            nominal_rate_hz=info.nominal_srate(),
            channel_format=FORMATS.get(info.channel_format(), "undefined"),
            created_at_s=info.created_at(),
        )
        for info in infos.values()
    ]
    return tuple(sorted(streams, key=lambda stream: (stream.name, stream.uid)))
