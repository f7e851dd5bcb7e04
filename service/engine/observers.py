"""What looks at the signal of the controlled channel beside the tone."""

from service.core.model import MuscleResponse, Note, TwitchSeen
from service.core.state import Session
from service.engine.activity import ActivityWatch
from service.engine.feed import Feed
from service.engine.muscle import Heard, MuscleWatch
from service.engine.needles import NeedleWatch
from service.states import ActivityState

__all__ = ["Heard", "Observers"]


class Observers:
    """Activity to be told, twitches and muscle responses as events for the session.

    Activity that nobody has ``heeded`` costs nothing.
    """

    def __init__(self, output_channel: int, *, heeded: bool) -> None:
        self._activity = ActivityWatch(heeded=heeded)
        self._needles = NeedleWatch()
        self._muscle = MuscleWatch(output_channel, heeded=heeded)

    def begin(self, feed: Feed, channel: int) -> None:
        """Begin with a new session."""
        self._activity.begin(feed, channel)

    def notes(self, session: Session, heard: Heard) -> list[Note]:
        """Take what is behind the newest sample; return what is worth telling of it."""
        sample, feed = heard.sample, heard.feed
        return self._activity.hear(session, sample, feed, heard.cleaned_uv)

    def events(
        self, session: Session, heard: Heard
    ) -> list[TwitchSeen | MuscleResponse]:
        """Take what is behind the newest sample; return what was seen in it."""
        sample, fs = heard.sample, heard.feed.sample_rate_hz
        return [
            *self._needles.hear(session, sample, fs, heard.cleaned_uv),
            *self._muscle.hear(session, heard),
        ]

    def activity(self, now_s: float) -> ActivityState | None:
        """Return the newest indices of the activity."""
        return self._activity.state(now_s)
