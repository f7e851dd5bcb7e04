"""One short session of each shipped program, and the decisions that it led to.

``python -m tests.support.program_script`` writes the decisions anew; look at the
difference before it is committed.
"""

import json
from pathlib import Path

from service.core.plans import Modality
from tests.support.hurried import SHIPPED, hurried, session_of

FOLDER = Path(__file__).parents[1] / "golden" / "programs"
PRESET, SEED, TREATMENT_S = "responder", 3, 30.0
#: What is told besides the phases, with the numbers that say how it was decided.
TOLD = {
    "calibration": ("baseline_pct_mvc",),
    "feedback": ("tone_pct_mvc", "goal_pct_mvc", "met"),
    "release": ("step", "why"),
    "strike": ("why",),
    "depth": ("depth",),
    "zone": ("zone", "status"),
    "company": ("muscle", "baseline_pct_mvc"),
    "picked": ("muscles",),
    "summary": ("before_pct_mvc", "after_pct_mvc", "finding"),
}


def decisions(name):
    """Return every phase, every change of the amplitude, and what was told."""
    rig = session_of(hurried(name, TREATMENT_S), PRESET, SEED)
    began_s = rig.records[0].t_s
    rows, amplitude_ma = [], 0.0
    for record in rig.records:
        at_s, body = round(record.t_s - began_s, 3), record.body
        if record.kind == "phase":
            rows.append([at_s, body["to"]])
        elif record.kind == "decision" and body["amplitude_ma"] != amplitude_ma:
            amplitude_ma = body["amplitude_ma"]
            rows.append([at_s, "amplitude_ma", amplitude_ma])
        elif record.kind in TOLD:
            rows.append([at_s, record.kind, *(body[key] for key in TOLD[record.kind])])
    if rig.program.modality is not Modality.EMS:
        rows += pressures(rig, began_s)
    return sorted(rows, key=lambda row: row[0])


def pressures(rig, began_s):
    """Return what other actuators than current were asked for, once a second."""
    rows, due_s = [], 0.0
    for permit in rig.permits:
        at_s = round(permit.issued_ns * 1e-9 - began_s, 3)
        amplitudes = [round(channel.amplitude, 6) for channel in permit.channels]
        if at_s >= due_s and any(amplitudes):
            rows.append([at_s, "amplitudes", *amplitudes])
            due_s = at_s + 1.0
    return rows


def write() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name in SHIPPED:
        rows = ",\n  ".join(json.dumps(row) for row in decisions(name))
        path = FOLDER / f"{name}.json"
        path.write_text(f"[\n  {rows}\n]\n", encoding="utf-8")


if __name__ == "__main__":
    write()
