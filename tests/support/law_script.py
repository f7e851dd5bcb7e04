"""One course of tone for all laws, and the decisions that it led to.

``python -m tests.support.law_script`` writes the decisions anew; look at the difference
before it is committed.
"""

import json
import math
from pathlib import Path

from service.core.laws.mapping import law_from_mapping
from service.core.laws.protocol import ClosedBout, Observation

FOLDER = Path(__file__).parents[1] / "golden" / "laws"
LAWS = {
    "dead_band": {},
    "integral": {},
    "pi": {},
    "relay": {"on_ma": 6.0, "min_on_s": 20.0},
    "perturb": {"settle_bouts": 1, "measure_bouts": 1},
    "run_to_run": {"settle_bouts": 1},
    "safe_bayes": {
        "trials": [
            {"amplitude_ma": 2.0, "tone_ratio": 0.95},
            {"amplitude_ma": 4.0, "tone_ratio": 0.8},
        ]
    },
}
BOUT_S, DT_S, WRITTEN_EVERY = 5.0, 0.1, 10
#: Tone of each bout: tense, answering, rising in between, unknown twice, relaxed.
TONES = [
    *(12.0, 12.0, 11.0, 9.5, 8.0, 8.0, 8.2, 9.5, 10.5, math.nan, math.nan, 9.0),
    *(7.0, 5.5, 4.5, 3.9, 3.4, 2.9, 2.6, 2.2, 2.0, 2.0, 3.1, 4.2, 5.0, 5.0),
]


def observations():
    """Return everything but the level, every 0.1 s."""
    per_bout = round(BOUT_S / DT_S)
    for k in range(len(TONES) * per_bout):
        bout = k // per_bout
        starts = k % per_bout == 0
        yield {
            "t_s": round(k * DT_S, 1),
            "tone_pct_mvc": TONES[bout],
            "threshold_pct_mvc": 3.0,
            "cap_ma": 4.0 if 8 <= bout < 10 else 12.0,
            "quiet": 12 <= bout < 14,
            "relaxed": 20 <= bout < 22,
            "closed": (TONES[bout],) if starts and k else None,
        }


def decisions(kind):
    """Return time, level and reason, once a second, as plain rows."""
    law = law_from_mapping({"kind": kind, **LAWS[kind]})
    state, level, level_t_s, rows = law.start(), 0.0, 0.0, []
    for k, seen in enumerate(observations()):
        closed = seen.pop("closed")
        observation = Observation(
            **seen,
            level_ma=level,
            level_t_s=level_t_s,
            closed=closed and ClosedBout(closed[0], level),
        )
        state, level, reason = law.step(state, observation)
        level_t_s = observation.t_s
        if k % WRITTEN_EVERY == 0:
            rows.append([observation.t_s, level, str(reason)])
    return rows


def write() -> None:
    for kind, parameters in LAWS.items():
        rows = ",\n  ".join(json.dumps(row) for row in decisions(kind))
        text = f'{{"parameters": {json.dumps(parameters)},\n "rows": [\n  {rows}\n]}}\n'
        (FOLDER / f"{kind}.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write()
