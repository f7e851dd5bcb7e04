"""What an operator is told about a source, without being flooded."""

from drivers.ports import SourceEvent, SourceNotice

#: The same kind of notice is not repeated within this time. A.
REPEAT_AFTER_S = 5.0


class NoticeBoard:
    """Remembers when each kind was told last."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._told_s: dict[str, float] = {}

    def tell(self, kind: str, text: str, now_s: float) -> list[SourceEvent]:
        """Return the notice, or nothing if its kind was told a moment ago."""
        if now_s - self._told_s.get(kind, -REPEAT_AFTER_S) < REPEAT_AFTER_S:
            return []
        self._told_s[kind] = now_s
        return [SourceNotice(self._source, kind, text, now_s)]
