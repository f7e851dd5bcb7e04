"""What looks at the signal of the controlled channel beside the tone."""

from service.core import model
from service.core.state import Session
from service.engine.muscle import Heard, MuscleWatch
from service.engine.needles import NeedleWatch


class Observers:
    """Twitches and muscle responses, as events for the session."""

    def __init__(self, output_channel: int, *, heeded: bool) -> None:
        self._needles = NeedleWatch()
        self._muscle = MuscleWatch(output_channel, heeded=heeded)

    def hear(
        self, session: Session, heard: Heard
    ) -> list[model.TwitchSeen | model.MuscleResponse]:
        """Take what is behind the newest sample; return what was seen in it."""
        sample, fs = heard.sample, heard.feed.sample_rate_hz
        return [
            *self._needles.hear(session, sample, fs, heard.cleaned_uv),
            *self._muscle.hear(session, heard),
        ]


__all__ = ["Heard", "Observers"]
