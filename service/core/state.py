"""What a session knows at one moment."""

import math
from dataclasses import dataclass, field, replace

from service.core.actuators import Wiring
from service.core.arming import Button, Safety
from service.core.calibration import NOISE_BANDWIDTH_HZ, CalibrationRun
from service.core.control import Level
from service.core.dose import Dose
from service.core.ebb import Ebb
from service.core.guards import CrampWatch, ToneLock
from service.core.kneading import Kneading
from service.core.leak import LeakResult, LeakRun
from service.core.limits import Bound, Limits, Quantity
from service.core.measures import Entered
from service.core.model import MuscleResponse, Note, Outcome, Phase, Sample
from service.core.permits import account
from service.core.program import Program
from service.core.release_run import Release
from service.core.response import Response
from service.core.rhythm import Rhythm
from service.core.search import Search
from service.core.shaping import Feedback
from service.core.slew import Established
from service.core.stage import Stage
from service.core.thresholds import Thresholds
from service.core.tone import Calibration, Relaxation, ZeroTime
from service.core.turns import Turn
from service.core.twitches import Needling
from service.core.zones import Lying


@dataclass(frozen=True, slots=True)
class Site:
    """One actuator that a session drives.

    Parameters
    ----------
    wiring : Wiring
        What it is.
    index : int
        Which channel of the output.
    label : str
        Its name.
    """

    wiring: Wiring
    index: int = 0
    label: str = ""


@dataclass(frozen=True, slots=True)
class SiteMemory:
    """What a session knows about one actuator.

    Parameters
    ----------
    established : Established
        Memory of the slew limit.
    dose : Dose
        On-time and charge so far.
    """

    established: Established = field(default_factory=Established)
    dose: Dose = field(default_factory=Dose)


@dataclass(frozen=True, slots=True)
class Setup:
    """What does not change during a session.

    Parameters
    ----------
    session_id : str
        Name of the session.
    program : Program
        What is done.
    limits : mapping of Quantity to Bound
        Every bound in force.
    sites : tuple of Site
        The actuators that the program drives; at least one, which is not driven where
        nothing is actuated.
    muscles : tuple of str
        Labels of the EMG channels: first the one that decides, then any others that
        the program looks at.
    needs_journal : bool
        Whether "no record" is a veto: always on a rig, never in virtual time.
    noise_bandwidth_hz : float
        Width of the band-pass of the EMG: how precise a noise floor is.
    safety : Safety
        What is demanded of the operator.
    stage : Stage
        What the loop may do with this person.
    locked_until_s : float
        Nothing is armed before: a cramp needs time.
    """

    session_id: str
    program: Program
    limits: Limits
    sites: tuple[Site, ...]
    muscles: tuple[str, ...] = ("",)
    needs_journal: bool = False
    noise_bandwidth_hz: float = NOISE_BANDWIDTH_HZ
    safety: Safety = field(default_factory=Safety)
    stage: Stage = Stage.CLOSED
    locked_until_s: float = -math.inf

    @property
    def unit(self) -> str:
        """Unit of every amplitude of this session."""
        return self.sites[0].wiring.actuator.unit

    @property
    def amplitude_step(self) -> float:
        """Grid of the first actuator."""
        return self.sites[0].wiring.amplitude_step

    @property
    def treatment_s(self) -> float:
        """The longest treatment that program and limits allow."""
        bound: Bound = self.limits[Quantity.TREATMENT_S]
        return min(self.program.timing.treatment_s, bound.value)


# Without slots: `evolve` copies it many times per second.
@dataclass(frozen=True)
class Treatment:
    """What happens while the muscle is treated.

    Parameters
    ----------
    started_s : float
        Begin of the treatment.
    bout_s : float
        Begin of the current on or off part.
    on : bool
        Whether the current part is an on part.
    rhythm : Rhythm
        Which on part it is, or was before the current off part.
    level : Level
        Amplitude that the law wants in on parts.
    tone_pct_mvc, tone_s : float
        Newest tone measured without stimulation, and when; NaN before the first.
    moved : bool
        Whether that tone was measured under motion or a drifting baseline.
    relaxation : Relaxation
        Evidence that the muscle is relaxed.
    response : Response
        What stimulation has done so far.
    cramp : CrampWatch
        Whether the muscle is cramping.
    law_state : object
        What the control law remembers.
    lock : ToneLock
        Whether the tone is locked, as in a spasm.
    reached_s : float or None
        Begin of the first hold that was satisfied.
    peak, dose : float
        Largest amplitude that went out, and the sum of all over time, in the unit of
        the actuators.
    feedback : Feedback or None
        What a person is shown; None before the first tone, and without biofeedback.
    needling : Needling
        What was marked and seen while needling is observed.
    thresholds : Thresholds
        Amplitudes that the operator has marked, or a search has found.
    release : Release or None
        Where a pressure release is; None before its first EMG, and without one.
    search : Search or None
        The search of thresholds that the treatment began with; None without one.
    muscle : MuscleResponse or None
        What the muscle answered in the newest on part that could tell.
    kneading : Kneading
        What a massage has come to so far.
    lying : Lying
        What a mat has come to so far.
    turn : Turn
        Of one muscle among several: what it has had of the bouts.
    """

    started_s: float
    bout_s: float
    on: bool = False
    rhythm: Rhythm = field(default_factory=Rhythm)
    level: Level = field(default_factory=Level)
    tone_pct_mvc: float = math.nan
    tone_s: float = -math.inf
    moved: bool = False
    relaxation: Relaxation = field(default_factory=Relaxation)
    response: Response = field(default_factory=Response)
    cramp: CrampWatch = field(default_factory=CrampWatch)
    law_state: object = None
    lock: ToneLock = field(default_factory=ToneLock)
    reached_s: float | None = None
    peak: float = 0.0
    dose: float = 0.0
    feedback: Feedback | None = None
    needling: Needling = field(default_factory=Needling)
    thresholds: Thresholds = field(default_factory=Thresholds)
    release: Release | None = None
    kneading: Kneading = field(default_factory=Kneading)
    lying: Lying = field(default_factory=Lying)
    search: Search | None = None
    muscle: MuscleResponse | None = None
    turn: Turn = field(default_factory=Turn)


@dataclass(frozen=True, slots=True)
class Member:
    """A muscle of the company: another one than the first, which decides alone.

    Parameters
    ----------
    label : str
        Name of its EMG channel.
    calibration : Calibration
        Measured while the first one was calibrated.
    treatment : Treatment or None
        Of its own; None where only the first muscle is treated.
    reassess_uv : tuple of float
        RMS values of the reassessment.
    final_pct_mvc : float
        Tone of the reassessment.
    """

    label: str
    calibration: Calibration
    treatment: Treatment | None = None
    reassess_uv: tuple[float, ...] = ()
    final_pct_mvc: float = math.nan


# Without slots: `evolve` copies it many times per second.
@dataclass(frozen=True)
class Session:
    """A session at one moment.

    Parameters
    ----------
    setup : Setup
        What does not change.
    phase, phase_since_s
        Where it is, and since when.
    now_s : float
        Time of the newest event.
    sample : Sample or None
        Newest EMG.
    good_since_s : float or None
        Since when the quality has been good without a break.
    zero : ZeroTime
        Since when the device has confirmed zero.
    last_good_s : float
        When EMG of good quality came last.
    readback_s, readback : float
        Time of the newest readback, and the largest amplitude in it.
    output_fault : str or None
        What the newest readback complained about.
    journal_s : float
        When the recorder was heard last.
    journal_trouble : str
        Why it cannot write; empty when it can.
    sites : tuple of SiteMemory
        Of every actuator; made by the session itself.
    others : tuple of Sample
        Newest EMG of the other muscles.
    ebb : Ebb or None
        The way down to zero that is under way.
    button : Button
        Of the arming ceremony.
    operator : str
        Who armed.
    present_s : float
        When an operator was heard of last.
    operator_bound : float
        Bound that the operator has set, in the unit of the actuators.
    calibrating : CalibrationRun or None
        The calibration under way.
    following : tuple of CalibrationRun
        Those of the other muscles, which follow the steps of the first.
    calibration : Calibration or None
        The last one that was accepted.
    company : tuple of Member
        What is known of the other muscles, in the order of the setup; empty before
        their calibration.
    leak_run : LeakRun or None
        The leak calibration under way.
    leak : LeakResult or str or None
        What the last one found, or why it found nothing; None before the first.
    treatment : Treatment or None
        Exists from the start of the treatment on.
    hold_reason : str
        Why the session is holding; ``operator`` needs an operator to resume.
    resume_to : Phase
        Phase that a hold interrupted.
    reassess_uv : tuple of float
        RMS values of the reassessment.
    final_pct_mvc : float
        Tone of the reassessment.
    outcome : Outcome or None
        How it ended, or will end after the reassessment.
    cause : str
        Why it ended so; of a fault, its cause.
    entries : tuple of Entered
        Outcome measures that the operator has entered.
    """

    setup: Setup
    phase: Phase = Phase.IDLE
    phase_since_s: float = 0.0
    now_s: float = 0.0
    sample: Sample | None = None
    good_since_s: float | None = None
    last_good_s: float = -math.inf
    zero: ZeroTime = field(default_factory=ZeroTime)
    output_fault: str | None = None
    readback_s: float = -math.inf
    readback: float = 0.0
    journal_s: float = -math.inf
    journal_trouble: str = ""
    sites: tuple[SiteMemory, ...] = ()
    others: tuple[Sample, ...] = ()
    ebb: Ebb | None = None
    button: Button = field(default_factory=Button)
    operator: str = ""
    present_s: float = -math.inf
    operator_bound: float = math.inf
    calibrating: CalibrationRun | None = None
    following: tuple[CalibrationRun, ...] = ()
    calibration: Calibration | None = None
    company: tuple[Member, ...] = ()
    leak_run: LeakRun | None = None
    leak: LeakResult | str | None = None
    treatment: Treatment | None = None
    hold_reason: str = ""
    resume_to: Phase = Phase.TREATING
    reassess_uv: tuple[float, ...] = ()
    final_pct_mvc: float = math.nan
    outcome: Outcome | None = None
    cause: str = ""
    entries: tuple[Entered, ...] = ()

    def __post_init__(self) -> None:
        if not self.sites:
            new = tuple(SiteMemory(dose=account(s.wiring)) for s in self.setup.sites)
            object.__setattr__(self, "sites", new)

    @property
    def established(self) -> Established:
        """Memory of the slew limit of the strongest actuator, or of that felt last."""
        first, *others = self.sites
        strongest = first.established
        for site in others:
            felt = site.established
            if (felt.amplitude, felt.peak) > (strongest.amplitude, strongest.peak):
                strongest = felt
        return strongest

    def from_zero(self) -> "tuple[SiteMemory, ...]":
        """Return the memories of the actuators after all of them went to zero.

        Returns
        -------
        tuple of SiteMemory
            Nothing has been felt; on-time and charge stay.
        """
        zero = Established(t_s=self.now_s)
        return tuple(replace(site, established=zero) for site in self.sites)

    def is_undisturbed(self, measured_s: float, window_s: float) -> bool:
        """Return whether tone may be taken from a window of the EMG.

        Parameters
        ----------
        measured_s : float
            End of the window.
        window_s : float
            Its length.

        Returns
        -------
        bool
            True if nothing that disturbs the EMG was on in it.
        """
        program = self.setup.program
        if program.actuates and not self.setup.sites[0].wiring.actuator.disturbs_emg:
            return True
        return self.zero.covers(measured_s, window_s, program.bout)


Step = tuple[Session, tuple[Note, ...]]
"""A session after an event, and what is worth telling about it."""
