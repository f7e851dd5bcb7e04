"""How a session went, in the words of the command line's JSON."""

import json

import msgspec

from service.messages import State

MILLIAMPERE = "mA"


def summarise(state: State) -> dict[str, object]:
    """Return the result of the session in a state; unknown values are ``None``."""
    session = state.session
    if session is None:
        msg = "expected a state with a session, got none"
        raise ValueError(msg)
    calibration = session.calibration
    return {
        "outcome": session.outcome,
        "cause": session.cause,
        "baseline_pct_mvc": calibration.baseline_pct_mvc if calibration else None,
        "final_pct_mvc": session.final_pct_mvc,
        "threshold_pct_mvc": session.threshold_pct_mvc,
        "time_to_threshold_s": session.time_to_threshold_s,
        "unit": session.unit,
        "peak_level": session.peak if session.unit else None,
        "peak_amplitude_ma": session.peak_amplitude_ma,
        "dose_ma_s": session.dose_ma_s,
        "max_latency_ms": state.latency.max_ms,
        "median_latency_ms": state.latency.median_ms,
        "p99_latency_ms": state.latency.p99_ms,
        "treatment_s": session.treatment_s,
        "strikes": session.strikes,
        "phase": session.phase,
        "program": session.program,
        "session_id": session.session_id,
        "needling": session.needling and msgspec.to_builtins(session.needling),
        "feedback": session.feedback and msgspec.to_builtins(session.feedback),
    }


def to_json(summary: dict[str, object]) -> str:
    """Return one line."""
    return json.dumps(summary, allow_nan=False)


def to_text(summary: dict[str, object]) -> str:
    """Return a few lines for people."""
    units = {
        "baseline_pct_mvc": "%MVC",
        "final_pct_mvc": "%MVC",
        "threshold_pct_mvc": "%MVC",
        "time_to_threshold_s": "s",
        **_given(summary),
        "max_latency_ms": "ms",
    }
    lines = [f"outcome            {summary['outcome']} ({summary['cause']})"]
    for key, name in units.items():
        value = summary[key]
        text = f"{value:.2f} {name}" if isinstance(value, float) else "not known"
        lines.append(f"{key.removesuffix('_pct_mvc'):<18} {text}")
    return "\n".join(lines)


def _given(summary: dict[str, object]) -> dict[str, str]:
    """Return what was given and its unit: nothing, where nothing is actuated."""
    unit = str(summary["unit"])
    if not unit:
        return {}
    dose = {"dose_ma_s": "mA·s"} if unit == MILLIAMPERE else {}
    return {"peak_level": unit, **dose}
