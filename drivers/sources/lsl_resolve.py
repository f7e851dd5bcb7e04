"""Finding the one LSL stream that a config means."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any, TypeVar

from drivers.errors import ConnectError, DriverConfigError
from drivers.ports import Clock, SourceEvent
from drivers.sources.notices import NoticeBoard

Link = TypeVar("Link")

#: After the first answer others are awaited: unicast answers come in a second wave
#: half a second later.
SETTLE_S = 0.6
LOOK_EVERY_S = 0.02
#: A stream that failed is tried again after this long. A.
RETRY_S = 0.5


@dataclass(frozen=True, slots=True)
class Predicate:
    """What a stream must be; an empty field means any."""

    stream_name: str = ""
    stream_type: str = ""
    source_id: str = ""
    hostname: str = ""

    def __post_init__(self) -> None:
        """Refuse what cannot be asked for."""
        if not any(self.fields().values()):
            msg = "expected stream_name, stream_type, source_id or hostname; got none"
            raise DriverConfigError(msg)
        for key, value in self.fields().items():
            if "'" in value and '"' in value:
                msg = f"{key}: a value with both kinds of quotes cannot be asked for"
                raise DriverConfigError(msg)

    def fields(self) -> dict[str, str]:
        """Return the fields by the names of LSL."""
        return {
            "name": self.stream_name,
            "type": self.stream_type,
            "source_id": self.source_id,
            "hostname": self.hostname,
        }

    def __str__(self) -> str:
        terms = (f"{key}={_quoted(v)}" for key, v in self.fields().items() if v)
        return " and ".join(terms)


def _quoted(value: str) -> str:
    return f'"{value}"' if "'" in value else f"'{value}'"


def distinct(infos: Sequence[Any]) -> list[Any]:
    """Return one entry per stream: hosts answer once per network interface."""
    return list({info.uid(): info for info in infos}.values())


class Rediscovery:
    """Looks for a stream that was lost, by ``source_id`` where it has one.

    A stream that ended answers for some seconds more, while one whose connection broke
    is still there: the lost one is tried again, but only where it is the only one.
    """

    def __init__(
        self,
        lsl: ModuleType,
        predicate: Predicate,
        source_id: str,
        notices: NoticeBoard,
    ) -> None:
        again = Predicate(source_id=source_id) if source_id else predicate
        self._lsl = lsl
        self._resolver = _resolver(lsl, again)
        self._notices = notices
        self._lost_uid = ""
        self._refused: set[str] = set()
        self._not_before_s: dict[str, float] = {}

    def lose(self, uid: str) -> None:
        """Look for another one with this identity from now on."""
        self._lost_uid = uid
        self._postpone(uid)

    def refuse(self, uid: str) -> None:
        """Never take this one."""
        self._refused.add(uid)

    def is_replaced(self, uid: str) -> bool:
        """Whether this one is no longer to be seen while another like it is."""
        uids = {info.uid() for info in self._visible()}
        return bool(uids) and uid not in uids

    def reconnect(
        self, subscribe: Callable[[Any], Link]
    ) -> tuple[Link | None, list[SourceEvent]]:
        """Subscribe to the lost stream if it is back; return what there is to tell."""
        found = self._look()
        now_s = self._lsl.local_clock()
        if not found:
            return None, []
        if len(found) > 1:
            text = f"several streams came back: {described(found)}; end all but one"
            return None, self._notices.tell("ambiguous", text, now_s)
        uid = found[0].uid()
        try:
            return subscribe(found[0]), []
        except ConnectError as error:
            self._postpone(uid)
            if uid == self._lost_uid:
                return None, []  # it answers for a while
            return None, self._notices.tell("refused", str(error), now_s)

    def _look(self) -> list[Any]:
        now_s = self._lsl.local_clock()
        infos = self._visible()
        fresh = [info for info in infos if info.uid() not in self._not_before_s]
        due = [i for i in infos if self._not_before_s.get(i.uid(), 0.0) <= now_s]
        return fresh or due

    def _visible(self) -> list[Any]:
        return [
            info
            for info in distinct(self._resolver.results())
            if info.uid() not in self._refused
        ]

    def _postpone(self, uid: str) -> None:
        # It has just failed.
        self._not_before_s[uid] = self._lsl.local_clock() + RETRY_S


def _resolver(lsl: ModuleType, predicate: Predicate) -> Any:  # noqa: ANN401 - no types
    try:
        return lsl.ContinuousResolver(pred=str(predicate))
    except RuntimeError as error:
        msg = f"cannot look for {predicate} ({error}); run 'unclench doctor'"
        raise ConnectError(msg) from error


def find_one(
    lsl: ModuleType, name: str, predicate: Predicate, timeout_s: float, clock: Clock
) -> Any:  # noqa: ANN401 - pylsl has no types
    """Return the stream that fits; raise `ConnectError` if none or several do."""
    resolver = _resolver(lsl, predicate)
    until_s = clock.now_s() + timeout_s
    found: list[Any] = []
    while clock.now_s() < until_s and not found:
        clock.sleep(LOOK_EVERY_S)
        found = distinct(resolver.results())
    if not found:
        raise ConnectError(_nothing(lsl, name, predicate, timeout_s))
    until_s = clock.now_s() + SETTLE_S
    while clock.now_s() < until_s and len(found) == 1:
        clock.sleep(LOOK_EVERY_S)
        found = distinct(resolver.results())
    if len(found) > 1:
        msg = (
            f"source {name!r}: expected one stream with {predicate}, found "
            f"{len(found)}: {described(found)}; state source_id or hostname"
        )
        raise ConnectError(msg)
    return found[0]


def described(infos: Sequence[Any]) -> str:
    """Return streams in words."""
    return "; ".join(
        f"{info.name()!r} ({info.type()}, source_id {info.source_id()!r}, "
        f"on {info.hostname()})"
        for info in infos
    )


def _nothing(lsl: ModuleType, name: str, predicate: Predicate, timeout_s: float) -> str:
    visible = distinct(lsl.resolve_streams(SETTLE_S))
    others = f"visible are {described(visible)}" if visible else "none is visible"
    return (
        f"source {name!r}: no LSL stream with {predicate} within {timeout_s:g} s; "
        f"{others}; see 'unclench doctor'"
    )
