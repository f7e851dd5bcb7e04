"""From a request to what does not change during a session."""

import uuid
from dataclasses import dataclass, field

from service.core.arming import Safety
from service.core.limits import Bound, Limits, Quantity, tighten
from service.core.permits import Gate
from service.core.plans import Modality
from service.core.program import Program
from service.core.stage import ORDER, Stage
from service.core.state import Setup, Site
from service.engine.feed import Feed
from service.messages import OpenSession
from service.subjects import SubjectStore


@dataclass(frozen=True, slots=True)
class EngineParams:
    """What the engine is told once.

    ``gate`` lends the wiring and the limits of the rig, ``output_channel`` is the index
    of the channel that current goes through, ``output_labels`` are their names.
    ``muscles`` are the EMG channels that programs for several muscles look at, each
    with the index of the output channel that reaches it. On a rig no record is a veto:
    ``needs_journal``. ``subjects`` remembers charge and, where ``staged``, the stage of
    each subject. Where nobody reads states, records and activity, as in a simulated
    trial, they are not made unless ``watched``; nothing is decided by them.
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
    output_labels: tuple[str, ...] = ()
    muscles: tuple[tuple[str, int], ...] = ()


def plan_session(
    params: EngineParams, feed: Feed, request: OpenSession
) -> tuple[Setup, tuple[int, ...]]:
    """Return the setup and which channels of ``feed`` it looks at, the first decides.

    Raises `ValueError` saying what was expected and what came, `ConfigError` if the
    record of the subject cannot be read.
    """
    program = params.programs.get(request.program)
    if program is None:
        known = ", ".join(params.programs)
        msg = f"program: expected one of {known}, got {request.program!r}"
        raise ValueError(msg)
    labels = feed.labels
    label = request.channel or params.control_channel or labels[0]
    if label not in labels:
        msg = f"channel: expected one of {', '.join(labels)}, got {label!r}"
        raise ValueError(msg)
    unknown = sorted(set(request.limits) - {q.value for q in Quantity})
    if unknown:
        msg = f"limits: expected {', '.join(Quantity)}, got {', '.join(unknown)}"
        raise ValueError(msg)
    muscles = muscles_of(params, program, label)
    sites = sites_of(params, program, muscles)
    if program.actuates and sites[0].wiring.actuator.disturbs_emg:
        _check_room(program, feed)
    limits = _layered(params.gate.limits, program, sites, request)
    left_mc = limits[Quantity.DAY_CHARGE_MC].value - _charge_mc(params, request.subject)
    today = {Quantity.SESSION_CHARGE_MC: max(left_mc, 0.0)}
    limits = tighten(limits, "day", today)
    setup = Setup(
        session_id=uuid.uuid4().hex[:12],
        program=program,
        limits=limits,
        sites=sites,
        muscles=muscles,
        needs_journal=params.needs_journal,
        noise_bandwidth_hz=feed.band_hz[1] - feed.band_hz[0],
        safety=params.safety,
        # What actuates nothing unlocks no more than having been measured.
        stage=_stage(params, request) if program.actuates else Stage.MONITOR,
    )
    return setup, tuple(labels.index(muscle) for muscle in muscles)


def muscles_of(params: EngineParams, program: Program, label: str) -> tuple[str, ...]:
    """Return the EMG channels that a program looks at, beginning with ``label``.

    Raises `ValueError` if the rig has several muscles and this is none of them.
    """
    labels = [channel for channel, _ in params.muscles]
    if not (program.has_muscles and labels):
        return (label,)
    if label not in labels:
        msg = f"channel: expected one of {', '.join(labels)}, got {label!r}"
        raise ValueError(msg)
    return (label, *(one for one in labels if one != label))


def sites_of(
    params: EngineParams, program: Program, muscles: tuple[str, ...]
) -> tuple[Site, ...]:
    """Return the actuators that a program drives.

    A program for several muscles has one for each of them, in their order. Else current
    goes through the one output channel that the rig names, and anything else through
    every channel of its modality. Raises `ValueError` if there is none.
    """
    wirings = params.gate.wiring
    labels = params.output_labels or ("",) * len(wirings)
    every = [Site(w, k, labels[k]) for k, w in enumerate(wirings)]
    if not program.actuates:
        return (every[params.output_channel],)
    if program.has_muscles and params.muscles:
        reached = dict(params.muscles)
        every = [every[reached[muscle]] for muscle in muscles]
    elif program.modality is Modality.EMS:
        every = [every[params.output_channel]]
    fitting = [s for s in every if s.wiring.modality is program.modality]
    if not fitting or (program.has_muscles and len(fitting) < len(every)):
        msg = (
            f"program {program.name}: expected output channels with modality = "
            f'"{program.modality}", this rig has '
            + ", ".join(f"{s.label or s.index} ({s.wiring.modality})" for s in every)
        )
        raise ValueError(msg)
    return tuple(fitting)


def _layered(
    limits: Limits, program: Program, sites: tuple[Site, ...], request: OpenSession
) -> dict[Quantity, Bound]:
    """Return the limits of the rig with all that device, program and session state."""
    if not program.actuates:
        return tighten(limits, "session", _stated(request))
    quantity = sites[0].wiring.actuator.amplitude
    device = max(site.wiring.max_amplitude for site in sites)
    layers = (
        ("device", {quantity: device}),
        (program.name, {quantity: program.max_amplitude}),
        ("session", _stated(request)),
    )
    for origin, bounds in layers:
        limits = tighten(limits, origin, bounds)
    return dict(limits)


def _stated(request: OpenSession) -> dict[Quantity, float]:
    return {Quantity(key): value for key, value in request.limits.items()}


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
