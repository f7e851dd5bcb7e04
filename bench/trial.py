"""One simulated session of ten minutes, and what a second worker gives.

Two channels at 2 kHz, EMG synthesised and filtered, through the true engine. Time is
that of the processor, so that other programs on this host count less; for the workers
it is that of the clock, because that is what they are for.
"""

import importlib.util
import time
from collections.abc import Callable
from dataclasses import replace

from bench.timing import Row
from service.core.program import Program
from service.rehearsal.virtual import SCRIPT, VirtualRig
from service.trial.plan import TrialParams, draw_person, find_program, plan_tasks
from service.trial.pool import run_all
from service.trial.rig import CHUNK_SAMPLES, N_CHANNELS, SAMPLE_RATE_HZ, TrialRig
from service.trial.session import run_session

PROGRAM, COHORT, SEED = "ems-flutter-demo", "responder-tonic", 1
SESSION_S = 600.0
#: The slower rig is measured over less, and the ratio per simulated second.
WATCHED_S = 120.0
ROUNDS = 3
SESSION_MAX_S = 3.0
WATCHED_MIN_RATIO = 3.0
WORKERS_MIN_RATIO = 1.8
#: Enough that nobody waits long for the last one.
N_SESSIONS = 12


class Watched(VirtualRig):
    """The rig that tells everything, at the pace of a wired amplifier."""

    sample_rate_hz = SAMPLE_RATE_HZ


def run() -> list[Row]:
    """Measure one session, the same while everything is told, and two workers."""
    unwatched_s = min(_live_s(_trial_rig(), SESSION_S) for _ in range(ROUNDS))
    watched_s = min(_live_s(_watched_rig(), WATCHED_S) for _ in range(ROUNDS))
    ratio = (watched_s / WATCHED_S) / (unwatched_s / SESSION_S)
    detail = f"{N_CHANNELS} channels, {CHUNK_SAMPLES} samples at once, processor time"
    return [
        Row(
            "trial",
            "session of 10 min",
            unwatched_s,
            "s ",
            SESSION_MAX_S,
            unwatched_s <= SESSION_MAX_S,
            detail,
        ),
        Row(
            "trial",
            "against a rig that tells all",
            ratio,
            "x ",
            WATCHED_MIN_RATIO,
            ratio >= WATCHED_MIN_RATIO,
        ),
        _two_workers(),
    ]


def _trial_rig() -> VirtualRig:
    return TrialRig(draw_person(COHORT, SEED), SEED, _program())


def _watched_rig() -> VirtualRig:
    person = draw_person(COHORT, SEED)
    return Watched(person, SEED, program=_program(), n_channels=N_CHANNELS)


def _program() -> Program:
    program = find_program(PROGRAM)
    timing = replace(program.timing, treatment_s=SESSION_S)
    return replace(program, timing=timing)


def _live_s(rig: VirtualRig, duration_s: float) -> float:
    rig.open()
    start_s = time.process_time()
    end_s = rig.clock.now_s() + duration_s
    while rig.clock.now_s() < end_s:
        rig.step()
        if rig.phase in SCRIPT:
            rig.ask(SCRIPT[rig.phase])
    return time.process_time() - start_s


def _two_workers() -> Row:
    missing = importlib.util.find_spec("distributed") is None
    ratio, detail = 0.0, "not measured: dask[distributed] is not installed"
    if not missing:
        params = TrialParams(PROGRAM, (COHORT,), N_SESSIONS, SEED, comparators=())
        tasks = plan_tasks(params)
        alone_s = _wall_s(lambda: [run_session(task) for task in tasks])
        together_s = _wall_s(lambda: list(run_all(tasks, 2, None)))
        ratio = alone_s / together_s
        detail = f"{alone_s:.1f} s alone, {together_s:.1f} s with their start"
    return Row(
        "trial",
        "two workers",
        ratio,
        "x ",
        WORKERS_MIN_RATIO,
        ratio >= WORKERS_MIN_RATIO,
        detail,
    )


def _wall_s(work: Callable[[], object]) -> float:
    start_s = time.perf_counter()
    work()
    return time.perf_counter() - start_s
