"""One session of a trial: lived through in virtual time, then judged from outside."""

import itertools
import math
import re
from collections import deque
from dataclasses import asdict, dataclass, field
from typing import Any

from service.core.limits import Quantity
from service.core.model import STIMULATING_PHASES, Phase
from service.core.state import Session
from service.errors import ConfigError
from service.rehearsal.virtual import SCRIPT
from service.trial.history import Bounds, dose_ma_s, segments, violations
from service.trial.plan import Task, draw_person
from service.trial.rig import CHUNK_SAMPLES, SAMPLE_RATE_HZ, TrialRig
from service.trial.treatable import is_treatable
from service.trial.unguarded import UnguardedRig

CHUNK_S = CHUNK_SAMPLES / SAMPLE_RATE_HZ

#: A calibration that is refused is tried again so often.
CALIBRATIONS = 3

#: An operator waits so long for what a program does not say how long it takes. A.
PATIENCE_S = 300.0

#: The true tone is smoothed over this long before its peak is taken.
PEAK_S = 1.0
#: And before it is called an adverse sign: as long as a bout.
SIGN_S = 5.0

#: What a tension may be off by under every disturbance: a goal of this project.
TENSION_ERROR_PCT_MVC = 1.0

#: A silence that is longer than so many pauses between two bouts is none of them.
SILENT_PAUSES = 1.5

OVER = frozenset({Phase.DONE, Phase.FAULT})


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one session. Times are counted from the start of the treatment.

    ``stop`` is the phase it ended in or the outcome, ``reason`` why. ``reached_s`` is
    the beginning of the first hold below the threshold. ``sign_s`` is when the true
    tone first rose above the adverse bar under stimulation, ``zero_after_sign_s`` how
    long it took from there to a silence longer than the pauses between two bouts.
    ``naive_dose_ma_s`` is what the program's limits would have let through in its
    longest treatment if nothing had guarded it, ``treatable`` whether any level within
    them could have relaxed this person. Of ``updates``, every 100 ms of the treatment,
    those count as false in which the session said relaxed while the true tone was
    above the exit level, grossly so by more than the error that a tension may have;
    ``measured_updates`` are those that came with a new tone.
    """

    cohort: str
    subject: int
    arm: str
    randomised: bool
    stop: str
    reason: str
    treated_s: float = 0.0
    reached_s: float | None = None
    dose_ma_s: float = 0.0
    peak_ma: float = 0.0
    naive_dose_ma_s: float = 0.0
    treatable: bool = False
    strikes: int = 0
    relapses: int = 0
    baseline_pct_mvc: float | None = None
    peak_tone_ratio: float | None = None
    final_tone_pct_mvc: float | None = None
    at_cap_s: float = 0.0
    sign_s: float | None = None
    zero_after_sign_s: float | None = None
    updates: int = 0
    false_relaxed: int = 0
    grossly_false_relaxed: int = 0
    missed_relaxed: int = 0
    measured_updates: int = 0
    measured_false_relaxed: int = 0
    violations: tuple[str, ...] = ()

    def to_data(self) -> dict[str, Any]:
        """Return what JSON can hold."""
        return asdict(self)


@dataclass(slots=True)
class Watch:
    """Looks at session and truth after every chunk.

    ``truth`` is the mean true tone of every chunk so far, with its time.
    """

    truth: list[tuple[float, float]] = field(default_factory=list)
    updates: int = 0
    false_relaxed: int = 0
    grossly_false: int = 0
    missed_relaxed: int = 0
    measured: int = 0
    measured_false: int = 0
    tone_s: float = -math.inf
    at_cap_s: float = 0.0
    end_s: float = math.nan

    def look(self, rig: TrialRig, session: Session) -> None:
        """Take one look."""
        newest = rig.source.truth[-1]
        tone = float(newest.tone_pct_mvc.mean())
        self.truth.append((newest.t_s, tone))
        treatment = session.treatment
        if treatment is None or session.phase not in STIMULATING_PHASES:
            return
        self.end_s = session.now_s
        self.updates += 1
        success = session.setup.program.success
        relaxed = treatment.relaxation.relaxed
        # The state has hysteresis: between threshold and exit level both are right.
        exit_pct_mvc = success.exit_ratio * success.threshold_pct_mvc
        false = relaxed and tone > exit_pct_mvc
        self.false_relaxed += false
        self.grossly_false += false and tone > exit_pct_mvc + TENSION_ERROR_PCT_MVC
        self.missed_relaxed += not relaxed and tone < success.threshold_pct_mvc
        if treatment.tone_s > self.tone_s:
            self.tone_s = treatment.tone_s
            self.measured += 1
            self.measured_false += false
        since_s = treatment.response.at_cap_since_s
        if since_s is not None and session.phase is Phase.TREATING:
            self.at_cap_s = max(self.at_cap_s, session.now_s - since_s)

    def baseline_pct_mvc(self, start_s: float, baseline_s: float) -> float:
        """Return the mean true tone before the treatment."""
        tones = [tone for t_s, tone in self.truth if -baseline_s < t_s - start_s <= 0]
        return sum(tones) / len(tones)


def run_session(task: Task) -> Result:
    """Live through a session; the same task always gives the same result."""
    person = draw_person(task.cohort, task.person_seed)
    kind = TrialRig if task.arm.guarded else UnguardedRig
    rig = kind(person, task.signal_seed, task.arm.program)
    rig.open(limits=task.arm.limits)
    watch = Watch()
    reason = _live(rig, watch)
    session = rig.engine.session
    if session is None:
        msg = "a rig that was opened has a session"
        raise RuntimeError(msg)
    if session.treatment is None:
        why = reason or session.cause or "never ready"
        return Result(
            task.cohort,
            task.subject,
            task.arm.name,
            randomised=False,
            stop=session.phase.value,
            reason=why,
        )
    return _judged(task, rig, session, watch, reason)


def _live(rig: TrialRig, watch: Watch) -> str:
    """Let the session happen; return why it was given up, or nothing."""
    session = _session(rig)
    timing, plan = rig.program.timing, rig.program.calibration
    trial_s = plan.mvc_s + plan.pause_s
    calibration_s = (
        plan.noise_s
        + plan.rest_s
        + (plan.mvc_trials + plan.mvc_extra) * trial_s
        + plan.relax_s
        + plan.baseline_s
    )
    longest_s = timing.treatment_s + timing.reassess_s + PATIENCE_S
    longest_s += CALIBRATIONS * calibration_s
    end_s = rig.clock.now_s() + longest_s
    n_calibrations, before = 0, session.phase
    while session.phase not in OVER:
        rig.step()
        session = _session(rig)
        watch.look(rig, session)
        began = session.phase is Phase.CALIBRATING and before is not session.phase
        n_calibrations += began
        before = session.phase
        if rig.clock.now_s() >= end_s:
            return f"did not end within {longest_s:.0f} s"
        if session.phase is Phase.CHECKING and n_calibrations >= CALIBRATIONS:
            return f"calibration refused: {_refusal(rig)}"
        if session.phase in SCRIPT:
            rig.ask(SCRIPT[session.phase])
            session = _session(rig)
    return ""


def _session(rig: TrialRig) -> Session:
    session = rig.engine.session
    if session is None:
        msg = "expected a session in a rig that was opened"
        raise ConfigError(msg)
    return session


def _refusal(rig: TrialRig) -> str:
    """Return what the first calibration failed for, without its numbers."""
    told = [str(e.detail["why"]) for e in rig.events if e.kind == "refused"]
    why = next((why for why in told if not why.startswith("the EMG ")), told[-1])
    return re.sub(r"[\d.]+", "#", why.split(",")[0])


def _judged(
    task: Task, rig: TrialRig, session: Session, watch: Watch, reason: str
) -> Result:
    treatment, calibration = session.treatment, session.calibration
    if treatment is None or calibration is None:
        msg = "expected a treatment, which only a calibrated session has"
        raise ValueError(msg)
    start_s, now_s = treatment.started_s, rig.clock.now_s()
    history, phases = _histories(rig)
    program = task.arm.program
    limits = {q: bound.value for q, bound in session.setup.limits.items()}
    baseline = watch.baseline_pct_mvc(start_s, program.calibration.baseline_s)
    tones = [(t_s, tone) for t_s, tone in watch.truth if t_s > start_s]
    sign_s = _sign_s(tones, history, program.response.adverse_ratio * baseline)
    peak = max((tone for _, tone in _smoothed(tones, PEAK_S)), default=math.nan)
    stop = session.outcome.value if session.outcome else session.phase.value
    return Result(
        task.cohort,
        task.subject,
        task.arm.name,
        randomised=True,
        stop=stop,
        reason=reason or session.cause,
        treated_s=watch.end_s - start_s,
        reached_s=None
        if treatment.reached_s is None
        else treatment.reached_s - start_s,
        dose_ma_s=dose_ma_s(history, now_s),
        peak_ma=max((ma for _, ma in history), default=0.0),
        naive_dose_ma_s=naive_dose_ma_s(session, baseline),
        treatable=is_treatable(
            draw_person(task.cohort, task.person_seed).person,
            program,
            limits[Quantity.AMPLITUDE_MA],
        ),
        strikes=treatment.response.strikes,
        relapses=sum(event.kind == "relapse" for event in rig.events),
        baseline_pct_mvc=baseline,
        peak_tone_ratio=peak / baseline if math.isfinite(peak) else None,
        final_tone_pct_mvc=tones[-1][1] if tones else None,
        at_cap_s=watch.at_cap_s,
        sign_s=None if sign_s is None else sign_s - start_s,
        zero_after_sign_s=_zero_after_s(history, sign_s, program.bout.off_s, now_s),
        updates=watch.updates,
        false_relaxed=watch.false_relaxed,
        grossly_false_relaxed=watch.grossly_false,
        missed_relaxed=watch.missed_relaxed,
        measured_updates=watch.measured,
        measured_false_relaxed=watch.measured_false,
        violations=tuple(violations(history, phases, now_s, Bounds(limits, program))),
    )


def _histories(
    rig: TrialRig,
) -> tuple[list[tuple[float, float]], list[tuple[float, str]]]:
    """Return every change of the amplitude, and every change of the phase."""
    amplitudes = [(t_s, max(channels)) for t_s, channels in rig.device.history]
    phases = [
        (event.t_s, str(event.detail["to"]))
        for event in rig.events
        if event.kind == "phase"
    ]
    return amplitudes, phases


def naive_dose_ma_s(session: Session, tone_pct_mvc: float) -> float:
    """Return the dose of the program's limits without any guard on the response.

    The rate-limited integral, at a tone that stays where it was before: it rises to the
    highest amplitude and stays there for the rest of the longest treatment, as much of
    the time as it may be on.
    """
    program, limits = session.setup.program, session.setup.limits
    bout, law = program.bout, program.law
    excess = tone_pct_mvc - program.success.threshold_pct_mvc
    up_ma_per_s = getattr(law, "up_ma_per_s", limits[Quantity.SLEW_UP_MA_PER_S].value)
    gain = getattr(law, "gain_ma_per_s_per_pct", math.inf)
    rate = min(up_ma_per_s, gain * excess) if excess > 0 else 0.0
    limit_ma = limits[Quantity.AMPLITUDE_MA].value
    if rate <= 0 or limit_ma <= 0:
        return 0.0
    whole_s = session.setup.treatment_s
    rise_s = min(limit_ma / rate, whole_s)
    share = bout.on_s / (bout.on_s + bout.off_s)
    return share * (0.5 * rate * rise_s * rise_s + limit_ma * (whole_s - rise_s))


def _smoothed(
    tones: list[tuple[float, float]], window_s: float
) -> list[tuple[float, float]]:
    """Return means over the last ``window_s``, once there is that much."""
    n = max(1, round(window_s / CHUNK_S))
    recent: deque[float] = deque(maxlen=n)
    found = []
    for t_s, tone in tones:
        recent.append(tone)
        if len(recent) == n:
            found.append((t_s, sum(recent) / n))
    return found


def _sign_s(
    tones: list[tuple[float, float]], history: list[tuple[float, float]], bar: float
) -> float | None:
    first_s = next((t_s for t_s, ma in history if ma > 0), math.inf)
    return next(
        (t_s for t_s, tone in _smoothed(tones, SIGN_S) if t_s > first_s and tone > bar),
        None,
    )


def _zero_after_s(
    history: list[tuple[float, float]],
    sign_s: float | None,
    off_s: float,
    end_s: float,
) -> float | None:
    """Return how long it took to a silence that is no pause between two bouts."""
    if sign_s is None:
        return None
    later = [s for s in segments(history, end_s) if s[1] > sign_s]
    if not later:
        return 0.0
    closed = [*later, (math.inf, math.inf, 0.0)]
    if later[0][0] - sign_s > SILENT_PAUSES * off_s:
        return 0.0
    for (_, stop_s, _), (start_s, _, _) in itertools.pairwise(closed):
        if start_s - stop_s > SILENT_PAUSES * off_s:
            return stop_s - sign_s
    return end_s - sign_s
