"""From a request to what does not change during a session."""

import uuid
from dataclasses import dataclass, field

from service.core.arming import Safety
from service.core.limits import Quantity, tighten
from service.core.permits import Gate
from service.core.program import Program
from service.core.stage import ORDER, Stage
from service.core.state import Setup
from service.engine.feed import Feed
from service.messages import OpenSession
from service.subjects import SubjectStore


@dataclass(frozen=True, slots=True)
class EngineParams:
    """What the engine is told once.

    ``gate`` lends the wiring and the limits of the rig, ``output_channel`` is the index
    of the actuated channel. On a rig no record is a veto: ``needs_journal``.
    ``subjects`` remembers charge and, where ``staged``, the stage of each subject.
    Where nobody reads states, records and activity, as in a simulated trial, they are
    not made unless ``watched``; nothing is decided by them.
    """

    rig: str
    control_source: str
    control_channel: str
    programs: dict[str, Program]
    gate: Gate
    output_channel: int
    needs_journal: bool = True
    safety: Safety = field(default_factory=Safety)
    subjects: SubjectStore | None = None
    staged: bool = False
    watched: bool = True


def plan_session(
    params: EngineParams, feed: Feed, request: OpenSession
) -> tuple[Setup, int]:
    """Return the setup and the index of the channel of ``feed`` that decides.

    Raises `ValueError` saying what was expected and what came, `ConfigError` if the
    record of the subject cannot be read.
    """
    program = params.programs.get(request.program)
    if program is None:
        known = ", ".join(params.programs)
        msg = f"program: expected one of {known}, got {request.program!r}"
        raise ValueError(msg)
    if program.actuates:
        _check_room(program, feed)
    labels = feed.labels
    label = request.channel or params.control_channel or labels[0]
    if label not in labels:
        msg = f"channel: expected one of {', '.join(labels)}, got {label!r}"
        raise ValueError(msg)
    unknown = sorted(set(request.limits) - {q.value for q in Quantity})
    if unknown:
        msg = f"limits: expected {', '.join(Quantity)}, got {', '.join(unknown)}"
        raise ValueError(msg)
    wiring = params.gate.wiring[params.output_channel]
    layers = (
        ("device", {Quantity.AMPLITUDE_MA: wiring.max_amplitude_ma}),
        (program.name, {Quantity.AMPLITUDE_MA: program.max_amplitude_ma}),
        ("session", {Quantity(key): value for key, value in request.limits.items()}),
    )
    limits = params.gate.limits
    for origin, bounds in layers:
        limits = tighten(limits, origin, bounds)
    left_mc = limits[Quantity.DAY_CHARGE_MC].value - _charge_mc(params, request.subject)
    today = {Quantity.SESSION_CHARGE_MC: max(left_mc, 0.0)}
    limits = tighten(limits, "day", today)
    setup = Setup(
        session_id=uuid.uuid4().hex[:12],
        program=program,
        limits=limits,
        pad_area_cm2=wiring.pad_area_cm2,
        amplitude_step_ma=wiring.amplitude_step_ma,
        needs_journal=params.needs_journal,
        noise_bandwidth_hz=feed.band_hz[1] - feed.band_hz[0],
        safety=params.safety,
        # What actuates nothing unlocks no more than having been measured.
        stage=_stage(params, request) if program.actuates else Stage.MONITOR,
    )
    return setup, labels.index(label)


def _check_room(program: Program, feed: Feed) -> None:
    """Refuse a program whose off parts are over before tone can be measured in them."""
    bout = program.bout
    needed_s = bout.settle_s + program.window_s + feed.longest_lag_s
    if bout.off_s < needed_s:
        msg = (
            f"program {program.name}: bout.off_s is {bout.off_s:g} s, expected at "
            f"least {needed_s:.2f} s: bout.settle_s, window_s and the "
            f"{feed.longest_lag_s:.2f} s that the treatment of source {feed.name!r} "
            "takes; choose a shorter window_s or treat less"
        )
        raise ValueError(msg)


def _charge_mc(params: EngineParams, subject: str) -> float:
    store = params.subjects
    return 0.0 if store is None else store.load(subject).charge_mc(store.now())


def _stage(params: EngineParams, request: OpenSession) -> Stage:
    if request.stage not in {"", *Stage}:
        msg = f"stage: expected one of {', '.join(Stage)}, got {request.stage!r}"
        raise ValueError(msg)
    store, unlocked = params.subjects, Stage.CLOSED
    if params.staged and store is not None:
        unlocked = store.load(request.subject).stage(store.now())
    wanted = Stage(request.stage or unlocked)
    if ORDER.index(wanted) > ORDER.index(unlocked):
        msg = f"stage: expected at most {unlocked} for this subject, got {wanted}"
        raise ValueError(msg)
    return wanted
