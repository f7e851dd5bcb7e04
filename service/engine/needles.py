"""Twitches in the EMG while a therapist needles."""

import math

from dsp.events.twitch import TwitchDetector
from dsp.types import F64
from service.core.model import Sample, TwitchSeen
from service.core.state import Session
from service.core.tone import Calibration

#: What is heard later or earlier than this does not follow on what was heard before.
CONTINUOUS_S = 0.05

#: A tense muscle hides its twitches: where insertions are marked, less is asked of one
#: than at rest. A: in 20 ms of noise with 6 degrees of freedom, three times the mean
#: comes less than once in a million windows.
START_RATIO = 3.0
START_SD = 6.0


class NeedleWatch:
    """Looks for twitches in the filtered samples of the controlled channel."""

    def __init__(self) -> None:
        self._detector: TwitchDetector | None = None
        self._calibration: Calibration | None = None
        self._began_s = self._until_s = -math.inf

    def hear(
        self, session: Session, sample: Sample, fs: float, cleaned_uv: F64
    ) -> list[TwitchSeen]:
        """Take samples that end where ``sample`` was measured; return what they end."""
        calibration = session.calibration
        if session.setup.program.needling is None or calibration is None:
            self._detector = None
            return []
        n = len(cleaned_uv)
        if not n:
            return []
        began_s = sample.measured_s - n / fs
        detector = self._detector
        is_new = calibration is not self._calibration
        if detector is None or is_new or abs(began_s - self._until_s) > CONTINUOUS_S:
            # What was under way is not known to end: nothing is told across a gap.
            detector = TwitchDetector(fs, calibration.mvc_uv, START_RATIO, START_SD)
            self._detector, self._calibration = detector, calibration
            self._began_s = began_s
        self._until_s = sample.measured_s
        return [
            TwitchSeen(
                session.now_s,
                self._began_s + found.start_s,
                found.width_s,
                found.peak_pct_mvc,
            )
            for found in detector.push(cleaned_uv)
        ]
