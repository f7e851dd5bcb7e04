"""Words of the session: phases, what happens to it, and what it answers."""

import enum
import math
from dataclasses import dataclass, field

from dsp.types import QualityFlag
from service.core.arming import ArmRequest


class Phase(enum.StrEnum):
    """Where a session is. ``FAULT`` is latched until it is acknowledged."""

    IDLE = "idle"
    CONNECTING = "connecting"
    CHECKING = "checking"
    CALIBRATING = "calibrating"
    READY = "ready"
    ARMED = "armed"
    LEAK = "leak"
    TREATING = "treating"
    HOLDING = "holding"
    WEANING = "weaning"
    REASSESSING = "reassessing"
    DONE = "done"
    FAULT = "fault"


#: Phases in which the engine sends permits (of amplitude 0 in most of them).
PERMITTED_PHASES = frozenset(
    {Phase.ARMED, Phase.LEAK, Phase.TREATING, Phase.HOLDING, Phase.WEANING}
)

#: Phases from which an amplitude above 0 may follow.
STIMULATING_PHASES = frozenset({Phase.LEAK, Phase.TREATING, Phase.WEANING})

#: Phases that need EMG: its loss is a fault, not merely a notice.
DEPENDENT_PHASES = PERMITTED_PHASES | {Phase.CALIBRATING, Phase.REASSESSING}


class Outcome(enum.StrEnum):
    """How a session ended."""

    REACHED = "reached"
    NOT_REACHED = "not_reached"
    ADVERSE = "adverse"
    OBSERVED = "observed"
    FAULT = "fault"
    STOPPED = "stopped"


class Task(enum.StrEnum):
    """What the person is asked to do now."""

    REST = "rest"
    MVC = "mvc"
    RVC = "rvc"
    RELAX = "relax"
    PRESS = "press"
    HOLD = "hold"
    EASE = "ease"
    ISOMETRIC = "isometric"
    STRETCH = "stretch"


@dataclass(frozen=True, slots=True)
class Sample:
    """What the chain says about the controlled channel at one moment.

    Parameters
    ----------
    t_s : float
        LSL-clock time of the newest EMG sample.
    rms_uv : float
        RMS over the control window, noise included, in microvolt.
    quality : QualityFlag
        What is wrong with the channel.
    lag_s : float
        How long before ``t_s`` the control window ended: what the chain holds back.
    short_uv : float
        RMS over the short window that contractions are judged by
        (`dsp.tension.MVC_WINDOW_S`); NaN where that is not known.
    """

    t_s: float
    rms_uv: float
    quality: QualityFlag
    lag_s: float = 0.0
    short_uv: float = math.nan

    @property
    def measured_s(self) -> float:
        """End of the control window: later EMG is not in ``rms_uv``."""
        return self.t_s - self.lag_s


@dataclass(frozen=True, slots=True)
class SampleArrived:
    """EMG came. ``now_s`` is the LSL clock of this host when it is handled.

    ``others`` are those of the other muscles that the program looks at.
    """

    now_s: float
    sample: Sample
    others: tuple[Sample, ...] = ()


@dataclass(frozen=True, slots=True)
class TimePassed:
    """Nothing came for a while."""

    now_s: float


@dataclass(frozen=True, slots=True)
class SourceOpened:
    """The EMG source is connected (for the first time, or again)."""

    now_s: float


@dataclass(frozen=True, slots=True)
class SourceLost:
    """The EMG source is gone."""

    now_s: float
    reason: str


@dataclass(frozen=True, slots=True)
class ReadbackSeen:
    """The output role says what the device does: its largest amplitude."""

    now_s: float
    active: bool
    amplitude: float
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class JournalSeen:
    """The recorder says whether it can write; ``why`` is empty when it can."""

    now_s: float
    why: str


@dataclass(frozen=True, slots=True)
class FaultRaised:
    """A part of the rig failed in a way that ends every session."""

    now_s: float
    cause: str


@dataclass(frozen=True, slots=True)
class TwitchSeen:
    """A brief burst was found in the EMG; see `service.core.twitches.SeenTwitch`."""

    now_s: float
    start_s: float
    width_s: float
    peak_pct_mvc: float


@dataclass(frozen=True, slots=True)
class MuscleResponse:
    """What the muscle answered in one on part, told soon after it.

    Parameters
    ----------
    now_s : float
        LSL clock of this host.
    amplitude_ma : float
        Mean amplitude of the pulses that were averaged.
    m_wave_uv, scatter_uv : float
        M-wave from peak to peak and its standard error in microvolt; NaN if it could
        not be measured.
    median_frequency_hz : float
        Of the EMG in the off part before; NaN below 5 %MVC, where it says nothing.
    why : str
        Why the M-wave could not be measured; empty if it could.
    """

    now_s: float
    amplitude_ma: float
    m_wave_uv: float
    scatter_uv: float
    median_frequency_hz: float = math.nan
    why: str = ""


class Verb(enum.StrEnum):
    """What an operator can ask for."""

    CONNECT = "connect"
    CALIBRATE = "calibrate"
    ARM = "arm"
    LEAK = "leak"
    START = "start"
    HOLD = "hold"
    STOP = "stop"
    ACKNOWLEDGE = "acknowledge"
    PRESS = "press"
    PRESENT = "present"
    LEVEL = "level"
    LIMIT = "limit"
    ASSESS = "assess"
    MARK = "mark"
    FINISH = "finish"


@dataclass(frozen=True, slots=True)
class Command:
    """An operator's request.

    Parameters
    ----------
    now_s : float
        LSL clock of this host.
    verb : Verb
        What is asked.
    noise_uv, mvc_uv : float or None
        For ``CALIBRATE``: values that replace the measured ones, noise included.
    origin, kind, warnings
        For ``CALIBRATE``: what is known of these values; see
        `service.core.tone.Calibration`.
    token : str
        For ``PRESS``: what a new holding of the button would earn.
    arming : ArmRequest
        For ``ARM``: who answers for it, and what was confirmed.
    amplitude_ma, amplitude_kpa, amplitude_mm : float or None
        For ``LEVEL`` and ``LIMIT``: the one in the unit of the program's actuators.
    measure, value, text
        For ``ASSESS``: what was measured, the number, or the notes. The text of a
        ``MARK`` says what is marked.
    at_s : float or None
        For ``MARK``: when it was; None is now.
    """

    now_s: float
    verb: Verb
    noise_uv: float | None = None
    mvc_uv: float | None = None
    origin: str = "given"
    kind: str = "mvc"
    warnings: tuple[str, ...] = ()
    token: str = ""
    arming: ArmRequest = field(default_factory=ArmRequest)
    amplitude_ma: float | None = None
    amplitude_kpa: float | None = None
    amplitude_mm: float | None = None
    measure: str = ""
    value: float | None = None
    text: str = ""
    at_s: float | None = None


Event = (
    SampleArrived
    | TimePassed
    | SourceOpened
    | SourceLost
    | ReadbackSeen
    | JournalSeen
    | FaultRaised
    | TwitchSeen
    | MuscleResponse
    | Command
)


Detail = dict[str, str | float | bool | None]
"""What a note says besides its kind."""


@dataclass(frozen=True, slots=True)
class Note:
    """Something that happened in a session, for the journal and the marker stream.

    ``kind`` is a stable word for machines (``phase``, ``prompt``, ``strike``,
    ``refused``, ``relapse``), ``detail`` its data.
    """

    kind: str
    detail: Detail = field(default_factory=dict)
