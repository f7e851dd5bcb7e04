"""``unclench devices``: what can be seen from here that a rig could be made of."""

import json
from dataclasses import asdict, dataclass

from serial.tools import list_ports

from drivers.streams import VisibleStream, visible_streams

#: Drivers of outputs, and what each is for.
OUTPUTS = {
    "simulated": "a stimulator in memory: rehearsal without hardware",
    "lsl": "a stream of type Stimulation, for a bridge to the lab's stimulator",
}


@dataclass(frozen=True, slots=True)
class SerialPort:
    """A serial port; what is behind it is not asked."""

    device: str
    description: str
    hardware_id: str


@dataclass(frozen=True, slots=True)
class Devices:
    """Everything that was found."""

    streams: tuple[VisibleStream, ...]
    serial_ports: tuple[SerialPort, ...]
    outputs: dict[str, str]

    def to_json(self) -> str:
        """Return one line."""
        return json.dumps(asdict(self))

    def to_text(self) -> str:
        """Return lines for people."""
        lines = [f"LSL streams: {len(self.streams) or 'none'}"]
        lines += [f"  {_stream_line(stream)}" for stream in self.streams]
        lines.append(f"serial ports: {len(self.serial_ports) or 'none'}")
        lines += [f"  {p.device}  {p.description}" for p in self.serial_ports]
        lines.append("outputs that a rig file can name:")
        lines += [f"  {name}: {what}" for name, what in self.outputs.items()]
        return "\n".join(lines)


def find_devices(seconds: float) -> Devices:
    """Look around for so long; no port and no device is opened."""
    ports = [
        SerialPort(port.device, port.description, port.hwid)
        for port in sorted(list_ports.comports())
    ]
    return Devices(visible_streams(seconds), tuple(ports), OUTPUTS)


def _stream_line(stream: VisibleStream) -> str:
    rate = f"{stream.nominal_rate_hz:g} Hz" if stream.nominal_rate_hz else "irregular"
    identity = stream.source_id or "no source_id: reconnecting goes by name"
    return (
        f"{stream.name}  type {stream.type}  {stream.n_channels} ch  {rate}  "
        f"{stream.channel_format}  on {stream.hostname}  [{identity}]"
    )
