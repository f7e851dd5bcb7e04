"""A randomised campaign of faults: most in virtual time, some among real processes."""

import json
import os
import random
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from drivers.liblsl import CONFIG_VARIABLE, LOOPBACK_CONFIG, is_configured
from service.demo_programs import DEFAULT_PROGRAM
from service.errors import ConfigError
from service.faults.bounds import MS
from service.faults.prepared import prepare
from service.faults.real_draws import REAL_KINDS, RealDraw, by_rig, draw_all_real
from service.faults.real_runs import RealRig, never_met
from service.faults.verdict import Outcome
from service.faults.virtual_runs import RANGES, draw, run_virtual

#: Without being asked for more, one run of this many is a real one, and few in all: a
#: real run takes about 20 s.
REAL_EVERY = 50
MOST_REAL_RUNS = 12

#: Every kind of a campaign.
EVERY_KIND = tuple(dict.fromkeys((*RANGES, *REAL_KINDS)))

#: A rig that a busy host ends before its faults are over is started again so often.
ATTEMPTS = 3

#: Progress is told this often.
TELL_EVERY = 100

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class CampaignParams:
    """How many faults, drawn from which seed, and how many among real processes.

    They meet sessions of ``program``; real processes run that of the demo only.
    """

    runs: int
    seed: int
    real: int | None = None
    kinds: Sequence[str] = EVERY_KIND
    program: str = DEFAULT_PROGRAM

    def __post_init__(self) -> None:
        """Refuse what cannot be run."""
        if self.runs < 1:
            msg = f"--runs: expected 1 or more, got {self.runs}"
            raise ConfigError(msg)
        if self.real is not None and not 0 <= self.real <= self.runs:
            msg = f"--real: expected 0 to {self.runs}, got {self.real}"
            raise ConfigError(msg)
        if self.real and self.program != DEFAULT_PROGRAM:
            msg = f"--real: expected 0, or the program {DEFAULT_PROGRAM}"
            raise ConfigError(msg)
        unknown = sorted(set(self.kinds) - set(EVERY_KIND))
        if unknown:
            msg = f"--kind: expected {', '.join(EVERY_KIND)}, got {', '.join(unknown)}"
            raise ConfigError(msg)
        if not set(self.kinds) & set(RANGES) and self.real_runs < self.runs:
            msg = (
                "--kind: only real runs know these kinds; say --real as many as --runs"
            )
            raise ConfigError(msg)

    @property
    def real_runs(self) -> int:
        """How many runs are real ones."""
        usual = min(self.runs // REAL_EVERY, MOST_REAL_RUNS)
        if self.program != DEFAULT_PROGRAM:
            return 0
        return usual if self.real is None else self.real


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that a campaign found."""

    params: CampaignParams
    outcomes: tuple[Outcome, ...]

    @property
    def is_safe(self) -> bool:
        """Whether nothing happened that must not."""
        return not any(outcome.violations for outcome in self.outcomes)

    def to_json(self) -> str:
        """Return one line."""
        real = [outcome for outcome in self.outcomes if outcome.real]
        found = {
            "runs": len(self.outcomes),
            "violations": self.violations(),
            "worst_time_to_zero_ms": _worst_ms(self.outcomes),
            "seed": self.params.seed,
            "program": self.params.program,
            "real_runs": len(real),
            "worst_real_time_to_zero_ms": _worst_ms(real),
            "by_kind": dict(sorted(Counter(o.kind for o in self.outcomes).items())),
            "by_phase": dict(sorted(Counter(o.phase for o in self.outcomes).items())),
            "longest_standstill_ms": round(
                max((o.stood_still_s for o in real), default=0.0) / MS, 1
            ),
        }
        return json.dumps(found, allow_nan=False)

    def violations(self) -> list[dict[str, object]]:
        """Return what must not have happened, each with the run that it happened in."""
        return [
            {
                "run": number,
                "kind": outcome.kind,
                "phase": outcome.phase,
                "argument": round(outcome.argument, 3),
                "real": outcome.real,
                **asdict(violation),
            }
            for number, outcome in enumerate(self.outcomes)
            for violation in outcome.violations
        ]

    def to_text(self) -> str:
        """Return a table for people, and every violation under it."""
        lines = [f"{'kind':<16}{'runs':>6}{'real':>6}  {'worst time to zero':>18}"]
        for kind in sorted({outcome.kind for outcome in self.outcomes}):
            of_kind = [outcome for outcome in self.outcomes if outcome.kind == kind]
            n_real = sum(outcome.real for outcome in of_kind)
            worst = _worst_ms(of_kind).get(kind)
            text = "none asked for" if worst is None else f"{worst:.0f} ms"
            lines.append(f"{kind:<16}{len(of_kind):>6}{n_real:>6}  {text:>18}")
        found = self.violations()
        lines += [
            "run {run}: {kind} while {phase}: {rule}: {detail}".format(**violation)
            for violation in found
        ]
        return "\n".join([*lines, f"{len(found)} violations"])


def run_campaign(params: CampaignParams, say: Say) -> Report:
    """Run it all; the same seed draws the same faults."""
    virtual = _virtual_outcomes(params, say)
    real = _real_outcomes(params, say)
    return Report(params, (*virtual, *real))


def _virtual_outcomes(params: CampaignParams, say: Say) -> Iterator[Outcome]:
    n_runs = params.runs - params.real_runs
    kinds = [kind for kind in RANGES if kind in params.kinds]
    if not n_runs or not kinds:
        return
    rng = random.Random(params.seed)  # noqa: S311 - repeatable on purpose
    prepared = prepare(say, params.program)
    n_bad = 0
    for number in range(1, n_runs + 1):
        outcome = run_virtual(draw(rng, prepared, kinds))
        n_bad += bool(outcome.violations)
        if number % TELL_EVERY == 0 or number == n_runs:
            say(f"{number} of {n_runs} virtual runs, {n_bad} with violations")
        yield outcome


def _real_outcomes(params: CampaignParams, say: Say) -> Iterator[Outcome]:
    rng = random.Random(params.seed)  # noqa: S311 - repeatable on purpose
    kinds = [kind for kind in REAL_KINDS if kind in params.kinds]
    draws = draw_all_real(rng, kinds, params.real_runs)
    with tempfile.TemporaryDirectory(prefix="unclench-faults-") as folder:
        keep_streams_here(Path(folder))
        for number, together in enumerate(by_rig(draws)):
            data = Path(folder) / str(number)
            yield from _run_together(together, params.seed + number, data, say)


def _run_together(
    draws: Sequence[RealDraw], seed: int, data: Path, say: Say
) -> Iterator[Outcome]:
    """Run faults in one rig; one that the host could not keep up with is replaced."""
    left, why = list(draws), ""
    for attempt in range(ATTEMPTS):
        say(f"starting a rig for {', '.join(drawn.kind for drawn in left)}")
        rig = RealRig(seed, data / str(attempt), say)
        outcomes, left, why = rig.run(left)
        yield from outcomes
        if not left:
            return
        say(f"the rig ended before its faults were over: {why}")
    yield from (never_met(drawn, why) for drawn in left)


def keep_streams_here(folder: Path) -> None:
    """Confine LSL to this host, unless the user has confined it otherwise.

    liblsl reads its configuration once, when it is loaded.
    """
    if not is_configured():
        path = folder / "lsl_api.cfg"
        path.write_text(LOOPBACK_CONFIG, encoding="utf-8")
        os.environ[CONFIG_VARIABLE] = str(path)


def _worst_ms(outcomes: Sequence[Outcome]) -> dict[str, float]:
    worst: dict[str, float] = {}
    for outcome in outcomes:
        if outcome.time_to_zero_s is not None:
            ms = round(outcome.time_to_zero_s / MS, 1)
            worst[outcome.kind] = max(ms, worst.get(outcome.kind, 0.0))
    return dict(sorted(worst.items()))
