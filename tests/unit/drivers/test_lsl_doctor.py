"""What the doctor says of a liblsl to order."""

from types import SimpleNamespace

from drivers.lsl_doctor import check_discovery, check_streams
from drivers.streams import VisibleStream


def cannot_publish(_info) -> None:
    raise RuntimeError("could not create stream outlet.")


def test_a_host_whose_ports_are_used_up_is_told() -> None:
    lsl = SimpleNamespace(
        StreamInfo=lambda *_: None, StreamOutlet=cannot_publish, cf_string=3
    )

    finding = check_discovery(lsl)

    assert not finding.ok
    assert "could not create stream outlet" in finding.text
    assert "PortRange" in finding.advice


def visible(source_id: str) -> VisibleStream:
    return VisibleStream("amp", "EMG", source_id, "lab", "u", 8, 2000.0, "int16", 0.0)


def test_a_stream_without_identity_is_a_hint() -> None:  # R6
    assert [f.name for f in check_streams((visible("amp-1"),))] == ["EMG streams"]

    _, hint = check_streams((visible(""),))

    assert (hint.ok, hint.needed) == (False, False)
    assert hint.text == "amp without source_id"
