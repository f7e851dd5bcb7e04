"""A program: what is assessed, actuated and counted as success, as data.

Defaults are those of gentle low-frequency EMS. A marks assumptions and engineering
choices of this project, R numbers recalled without a source that was checked.
"""

from dataclasses import dataclass, field
from typing import Any

from service.core.kneading import MassagePlan
from service.core.laws.integral import IntegralLaw
from service.core.laws.protocol import Law
from service.core.plans import (
    AssessPlan,
    FeedbackPlan,
    Modality,
    NeedlingPlan,
    SearchPlan,
)
from service.core.release_plan import ReleasePlan
from service.core.turns import TargetedPlan
from service.core.zones import MatPlan


@dataclass(frozen=True, slots=True)
class Bout:
    """The rhythm of stimulation: on, off, and where in the off part tone is measured.

    Parameters
    ----------
    on_s : float
        Stimulation on, in second. A: with `off_s` it keeps the on-time at 60 %.
    off_s : float
        Stimulation off. A.
    settle_s : float
        Time after the device confirmed zero in which nothing is measured: amplifier
        recovery, M-wave and after-discharge. A.
    push_s : float
        A long on-part, for once the level can rise no further; 0 is none. A.
    rest_s : float
        Stimulation off before and after it. A.
    """

    on_s: float = 3.0
    off_s: float = 2.0
    settle_s: float = 0.3
    push_s: float = 0.0
    rest_s: float = 24.0


@dataclass(frozen=True, slots=True)
class Success:
    """What counts as relaxed.

    Parameters
    ----------
    threshold_pct_mvc : float
        Tone below it is relaxed. A: session option of 0.5–5 %MVC.
    hold_s : float
        For how long. A.
    hold_fraction : float
        Share of that time that must be below. A.
    exit_ratio : float
        Relaxed ends above this multiple of the threshold. A: 1.2–1.3.
    exit_s : float
        If it stays there for this long. A.
    """

    threshold_pct_mvc: float = 3.0
    hold_s: float = 10.0
    hold_fraction: float = 0.9
    exit_ratio: float = 1.25
    exit_s: float = 3.0


@dataclass(frozen=True, slots=True)
class CalibrationPlan:
    """How rest, MVC and baseline are recorded.

    Parameters
    ----------
    rest_s : float
        Instructed rest, from which the noise floor is taken.
    mvc_s : float
        Length of one maximal contraction. A: 3–5 s.
    mvc_trials : int
        Number of them. A: 3.
    pause_s : float
        Rest between trials. A: 60 s on people.
    relax_s : float
        Wait after the last contraction before the baseline.
    baseline_s : float
        Tone before treatment, stimulation off. A: 20–60 s.
    noise_refuse_pct_mvc : float
        A noise floor above this share of the MVC is refused. A.
    noise_s : float
        Recording of the noise alone, limb supported, before the rest; 0 takes the noise
        from the rest. A.
    mvc_extra : int
        Trials that may be added when some do not count or do not agree. A.
    reference : str
        What is contracted: ``mvc``, as hard as possible, or ``rvc``, a known submaximal
        load, for people with pain.
    rvc_pct_mvc : float
        What that load is worth in %MVC. A: it is not measured but believed.
    """

    rest_s: float = 20.0
    mvc_s: float = 4.0
    mvc_trials: int = 3
    pause_s: float = 60.0
    relax_s: float = 10.0
    baseline_s: float = 20.0
    noise_refuse_pct_mvc: float = 1.0
    noise_s: float = 0.0
    mvc_extra: int = 2
    reference: str = "mvc"
    rvc_pct_mvc: float = 15.0


@dataclass(frozen=True, slots=True)
class ResponsePlan:
    """When a response to stimulation ends or limits it.

    Parameters
    ----------
    adverse_ratio : float
        Tone above this multiple of the baseline is adverse. A.
    adverse_sd : float
        And above baseline by this many of its standard deviations. A.
    cap_ratio : float
        A strike caps the amplitude at this share of what triggered it. A.
    cool_down_s : float
        No increase for this long after a strike. A.
    strikes : int
        This many end the treatment; one does before tone was ever lower. A.
    useless_s : float
        At the cap for this long without tone falling further ends it too. A.
    useless_drop : float
        Benefit is a fall of the tone by at least this share. A.
    """

    adverse_ratio: float = 1.25
    adverse_sd: float = 3.0
    cap_ratio: float = 0.7
    cool_down_s: float = 20.0
    strikes: int = 3
    useless_s: float = 120.0
    useless_drop: float = 0.1


@dataclass(frozen=True, slots=True)
class Timing:
    """Durations of the session that no other group owns.

    Parameters
    ----------
    check_s : float
        Good quality before anything may begin. A.
    stale_s : float
        EMG older than this takes the output to zero. A.
    lost_s : float
        EMG that stays away for this long is a fault. A.
    bad_s : float
        EMG of bad quality for this long is a fault. A.
    resume_s : float
        Good quality for this long ends a hold. A.
    treatment_s : float
        Longest treatment.
    reassess_s : float
        Tone after treatment, stimulation off.
    """

    check_s: float = 2.0
    stale_s: float = 0.25
    lost_s: float = 3.0
    bad_s: float = 5.0
    resume_s: float = 1.0
    treatment_s: float = 1200.0
    reassess_s: float = 20.0


@dataclass(frozen=True, slots=True)
class Program:
    """One way of relaxing a muscle.

    Parameters
    ----------
    name, title : str
        For machines and for people.
    max_amplitude, pulse_width_us, frequency_hz : float
        What is actuated; the amplitude is in the unit of the modality.
    window_s : float
        Length of the RMS window that measures tone; the chain is built with it.
    wean_ma_per_s : float
        Fall of the level after success. A: 0.15 on people.
    bout, law, success, calibration, response, timing
        The groups above.
    modality : Modality
        What actuates; of ``none`` nothing ever goes out, and the numbers above are 0.
    assess : AssessPlan
        What is measured before and after.
    contraindications : tuple of (str, str)
        What is confirmed before a session besides the compiled checklist: keys and
        sentences.
    feedback : FeedbackPlan or None
        Of biofeedback.
    needling : NeedlingPlan or None
        Of the observation of needling.
    release : ReleasePlan or None
        Of a pressure release, by an actuator or by hands.
    massage : MassagePlan or None
        Of massage and percussion.
    mat : MatPlan or None
        Of a mat of spikes.
    search : SearchPlan or None
        How thresholds are searched for at the begin; None where they are not.
    targeted : TargetedPlan or None
        Of several muscles, each with its own loop.
    """

    name: str = "ems-flutter"
    title: str = "Gentle low-frequency EMS"
    max_amplitude: float = 15.0
    pulse_width_us: float = 200.0
    frequency_hz: float = 4.0
    window_s: float = 1.0
    wean_ma_per_s: float = 0.5
    bout: Bout = field(default_factory=Bout)
    law: Law[Any] = field(default_factory=IntegralLaw)
    success: Success = field(default_factory=Success)
    calibration: CalibrationPlan = field(default_factory=CalibrationPlan)
    response: ResponsePlan = field(default_factory=ResponsePlan)
    timing: Timing = field(default_factory=Timing)
    modality: Modality = Modality.EMS
    assess: AssessPlan = field(default_factory=AssessPlan)
    contraindications: tuple[tuple[str, str], ...] = ()
    feedback: FeedbackPlan | None = None
    needling: NeedlingPlan | None = None
    release: ReleasePlan | None = None
    massage: MassagePlan | None = None
    mat: MatPlan | None = None
    search: SearchPlan | None = None
    targeted: TargetedPlan | None = None

    @property
    def has_muscles(self) -> bool:
        """Whether it looks at every muscle that the rig names, not at one only."""
        return self.targeted is not None or self.release is not None

    @property
    def actuates(self) -> bool:
        """Whether anything may ever go out."""
        return self.modality is not Modality.NONE
