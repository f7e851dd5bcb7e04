"""One simulated session of ten minutes, and what a second worker gives.

Two channels at 2 kHz, EMG synthesised and filtered, through the true engine. Time is
that of the processor, so that other programs on this host count less; for the workers
it is that of the clock, because that is what they are for: on a host that is busy with
something else they cannot show what they give. Their start is a price that a trial
pays once, however many sessions it has: it is told, and not part of the ratio. Two bare
processes live through the same sessions: what they do not give, the host does not have
(two processors may be threads of one core), and no scheduler can.
"""

import importlib.util
import multiprocessing
import os
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from statistics import median

from bench.timing import Row
from service.core.program import Program
from service.rehearsal.virtual import SCRIPT, VirtualRig
from service.trial.plan import (
    Task,
    TrialParams,
    draw_person,
    find_program,
    plan_tasks,
)
from service.trial.pool import started
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
#: What is left of the speed of two bare processes.
BARE_MIN_RATIO = 0.95
#: Enough that nobody waits long for the last one.
N_SESSIONS = 16
#: Another cohort, so that what starts the workers is none of the sessions.
WARM_UP = "responder"


class Watched(VirtualRig):
    """The rig that tells everything, at the pace of a wired amplifier."""

    sample_rate_hz = SAMPLE_RATE_HZ


def run() -> list[Row]:
    """Measure one session, the same while everything is told, and two workers."""
    unwatched = [_live_s(_trial_rig(), SESSION_S) for _ in range(ROUNDS)]
    watched = [_live_s(_watched_rig(), WATCHED_S) for _ in range(ROUNDS)]
    unwatched_s, watched_s = median(unwatched), min(watched)
    ratio = (watched_s / WATCHED_S) / (min(unwatched) / SESSION_S)
    detail = (
        f"processor time, median of {ROUNDS} (best {min(unwatched):.2f} s); "
        f"{N_CHANNELS} channels, {CHUNK_SAMPLES} samples at once"
    )
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
        *_two_workers(),
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


@dataclass(frozen=True, slots=True)
class Walls:
    """By the clock: one process, two workers, two bare processes, workers' start."""

    alone_s: float
    workers_s: float
    bare_s: float
    start_s: float


def _two_workers() -> list[Row]:
    missing = importlib.util.find_spec("distributed") is None
    ratio, share, detail = 0.0, 0.0, "not measured: dask[distributed] is not installed"
    bare = detail
    if not missing:
        params = TrialParams(PROGRAM, (COHORT,), N_SESSIONS, SEED, comparators=())
        walls = _walls(plan_tasks(params))
        ratio = walls.alone_s / walls.workers_s
        share = walls.bare_s / walls.workers_s
        detail = (
            f"{N_SESSIONS} sessions: {walls.alone_s:.1f} s one after the other, "
            f"{walls.workers_s:.1f} s with two; {walls.start_s:.1f} s for their start; "
            f"load of the host {os.getloadavg()[0]:.1f} on {os.cpu_count()}"
        )
        bare = (
            f"{walls.bare_s:.1f} s with two processes and no scheduler: "
            f"this host gives {walls.alone_s / walls.bare_s:.2f} x"
        )
    return [
        Row(
            "trial",
            "two workers",
            ratio,
            "x ",
            WORKERS_MIN_RATIO,
            ratio >= WORKERS_MIN_RATIO,
            detail,
        ),
        Row(
            "trial",
            "against two bare processes",
            share,
            "x ",
            BARE_MIN_RATIO,
            share >= BARE_MIN_RATIO,
            bare,
        ),
    ]


def _walls(tasks: list[Task]) -> Walls:
    """Let the same sessions be lived through alone, by workers, by bare processes."""
    alone_s = _wall_s(lambda: [run_session(task) for task in tasks])
    begin_s = time.perf_counter()
    with started(2, None) as run:
        _start(run, tasks)
        start_s = time.perf_counter() - begin_s
        workers_s = _wall_s(lambda: list(run(tasks)))
    fresh = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=fresh) as pool:
        _start(lambda some: pool.map(run_session, some), tasks)
        bare_s = _wall_s(lambda: list(pool.map(run_session, tasks)))
    return Walls(alone_s, workers_s, bare_s, start_s)


def _start(
    run: Callable[[Sequence[Task]], Iterable[object]], tasks: list[Task]
) -> None:
    # A worker has started when it has done something once. The name of a session is
    # that of its result: the same one would not be lived through again.
    list(run([replace(task, cohort=WARM_UP) for task in tasks[:2]]))


def _wall_s(work: Callable[[], object]) -> float:
    start_s = time.perf_counter()
    work()
    return time.perf_counter() - start_s
