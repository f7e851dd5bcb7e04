"""Who looks at the EMG besides the loop: activity, needles and muscle responses."""

from service.core.model import MuscleResponse, Note, Sample, TwitchSeen
from service.core.state import Session
from service.engine.activity import ActivityWatch
from service.engine.feed import Feed
from service.engine.muscle import Heard, MuscleWatch
from service.engine.needles import NeedleWatch
from service.messages import OutputState
from service.states import ActivityState


class Observers:
    """Takes the samples behind each reading of the channel that decides."""

    def __init__(self, *, watched: bool) -> None:
        self._watched = self._is_kept = watched
        self._activity = ActivityWatch(heeded=watched)
        self._needles = NeedleWatch()
        self._muscle = MuscleWatch(heeded=watched)
        self._channel = 0

    def begin(self, feed: Feed, channel: int) -> None:
        """Begin with a new session."""
        self._channel, self._is_kept = channel, self._watched
        self._activity.begin(feed, channel)

    def hear(
        self, session: Session, sample: Sample, feed: Feed, output: OutputState | None
    ) -> tuple[list[Note], list[TwitchSeen | MuscleResponse]]:
        """Return what is worth telling, and what the session has to know."""
        if not self._is_kept and session.setup.program.needling is not None:
            # Twitches are what is observed, whether anybody watches or not.
            feed.watch(self._channel)
            self._is_kept = True
        cleaned_uv, fs = feed.take_cleaned(), feed.sample_rate_hz
        notes = self._activity.hear(session, sample, feed, cleaned_uv)
        heard = Heard(sample, feed, self._channel, cleaned_uv, output)
        return notes, [
            *self._needles.hear(session, sample, fs, cleaned_uv),
            *self._muscle.hear(session, heard),
        ]

    def state(self, now_s: float) -> ActivityState | None:
        """Return what the muscle did by itself."""
        return self._activity.state(now_s)
