"""A stop button that speaks LSL: a marker stops, and so does a stream that is gone."""

from drivers.errors import ConnectError
from drivers.ports import EmgSource, Marker, SourceLost


class MarkerStopInput:
    """A stream of markers in which ``text`` means stop.

    ``markers`` is an open-able source of `Marker`; empty ``text`` lets any marker stop.
    """

    def __init__(self, markers: EmgSource, text: str = "") -> None:
        self._markers = markers
        self._text = text
        self._is_lost = False

    def open(self) -> None:
        """Find the stream; raise `ConnectError` saying why not."""
        self._markers.open()

    def wait(self, timeout_s: float) -> str:
        """Return why to stop, or nothing if there is no reason after ``timeout_s``."""
        try:
            events = self._markers.poll(timeout_s)
        except ConnectError as error:
            return f"the stream of stops is gone: {error}"
        stops = ""
        for event in events:
            if isinstance(event, SourceLost):
                self._is_lost = True
            elif isinstance(event, Marker) and event.text in {self._text or event.text}:
                stops = f"a marker said {event.text!r}"
            else:
                self._is_lost = False
        return stops or ("the stream of stops is gone" if self._is_lost else "")

    def close(self) -> None:
        """Unsubscribe."""
        self._markers.close()
