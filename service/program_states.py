"""What a state says of programs beyond tone and level: measures, muscle, needles."""

import msgspec


class MeasureState(msgspec.Struct, frozen=True, kw_only=True):
    """An outcome measure before and after; ``None`` where it has not been entered.

    ``beyond_error`` says whether the change is more than the error of the measure,
    where that is known.
    """

    measure: str
    before: float | None
    after: float | None
    beyond_error: bool | None


class FeedbackState(msgspec.Struct, frozen=True, kw_only=True):
    """What biofeedback shows and sounds now; ``shown`` is false in transfer trials.

    ``sound_hz`` is the pitch of the sound, 0 for silence; ``success_share`` that of the
    last judgements with feedback.
    """

    shown: bool
    met: bool
    goal_pct_mvc: float
    sound_hz: float
    success_share: float | None
    trial: int
    trial_s: float


class ReleaseState(msgspec.Struct, frozen=True, kw_only=True):
    """Where a pressure release is: the step, and what is asked for in it.

    ``left_s`` is how long the step lasts at most. ``pressed_kpa`` is ``None`` where a
    therapist presses. ``sound_hz``, ``in_band`` and ``in_band_s`` pace an effort; the
    sound is 0, and the rest ``None``, in any other step.
    """

    step: str
    text: str
    cycle: int
    n_cycles: int
    left_s: float
    site: str
    pressed_kpa: float | None
    discomfort_nrs: float | None
    sound_hz: float
    in_band: bool | None
    in_band_s: float | None
    effort_s: float


class MuscleResponseState(msgspec.Struct, frozen=True, kw_only=True):
    """What the muscle answered in the newest on part that could tell.

    ``m_wave_uv`` is the M-wave from peak to peak, ``scatter_uv`` its standard error;
    where it could not be measured, ``why`` says so. The median frequency is that of the
    off part before, above 5 %MVC.
    """

    amplitude_ma: float
    m_wave_uv: float | None
    scatter_uv: float | None
    median_frequency_hz: float | None
    why: str


class SearchState(msgspec.Struct, frozen=True, kw_only=True):
    """A search of thresholds: where it is, what is known, how it ended.

    Thresholds are those that the operator has marked, or the search has found.
    """

    under_way: bool
    amplitude_ma: float
    ceiling_ma: float
    sensory_ma: float | None
    motor_ma: float | None
    tolerance_ma: float | None
    outcome: str


class TargetedState(msgspec.Struct, frozen=True, kw_only=True):
    """One of several muscles that are treated at once, each by its own loop.

    ``charge_share`` is of what the session may give to all. ``ended`` says why it is
    not stimulated any more. ``coactivations`` counts how often its tone rose while
    others were stimulated.
    """

    label: str
    tone_pct_mvc: float | None
    baseline_pct_mvc: float | None
    threshold_pct_mvc: float
    level_ma: float
    permitted_ma: float
    charge_share: float
    strikes: int
    picked: bool
    relaxed: bool
    ended: str
    coactivations: int
    final_pct_mvc: float | None


class NeedlingState(msgspec.Struct, frozen=True, kw_only=True):
    """What an observation of needling has come to so far.

    Tone afterwards is shown beside both expectations: a reset would bring it below
    ``if_reset_below_pct_mvc``, no change leaves it between
    ``if_unchanged_above_pct_mvc`` and ``if_unchanged_below_pct_mvc``.
    """

    n_insertions: int
    n_answered: int
    n_responses: int
    n_other: int
    first_pct_mvc: float | None
    largest_pct_mvc: float | None
    decline: float | None
    median_width_s: float | None
    median_latency_s: float | None
    before_pct_mvc: float | None
    after_pct_mvc: float | None
    if_reset_below_pct_mvc: float
    if_unchanged_above_pct_mvc: float | None
    if_unchanged_below_pct_mvc: float | None
    finding: str


class MassageState(msgspec.Struct, frozen=True, kw_only=True):
    """What a massage is at: its stage, and the contact so far of what is allowed.

    ``rate_hz`` is that of the strokes or of the vibration; ``is_fast`` whether the
    higher rate of the program is in use because tone has been seen to fall.
    """

    pattern: str
    depth: str
    rate_hz: float
    is_fast: bool
    contact_s: float
    contact_limit_s: float


class MatState(msgspec.Struct, frozen=True, kw_only=True):
    """What a mat is at; what each zone does is told with the actuators.

    ``in_discomfort`` is true while a moderate rise of the tone is to be expected.
    """

    n_pressing: int
    n_ended: int
    in_discomfort: bool
