"""Who looks at the filtered EMG besides the loop: activity and needles."""

from service.core.model import Note, Sample, TwitchSeen
from service.core.state import Session
from service.engine.activity import ActivityWatch
from service.engine.feed import Feed
from service.engine.needles import NeedleWatch
from service.states import ActivityState


class Observers:
    """Takes the samples behind each reading of the channel that decides."""

    def __init__(self, *, watched: bool) -> None:
        self._activity = ActivityWatch(heeded=watched)
        self._needles = NeedleWatch()

    def begin(self, feed: Feed, channel: int) -> None:
        """Begin with a new session."""
        self._activity.begin(feed, channel)

    def hear(
        self, session: Session, sample: Sample, feed: Feed
    ) -> tuple[list[Note], list[TwitchSeen]]:
        """Return what is worth telling, and what the session has to know."""
        cleaned_uv, fs = feed.take_cleaned(), feed.sample_rate_hz
        notes = self._activity.hear(session, sample, feed, cleaned_uv)
        return notes, self._needles.hear(session, sample, fs, cleaned_uv)

    def state(self, now_s: float) -> ActivityState | None:
        """Return what the muscle did by itself."""
        return self._activity.state(now_s)
