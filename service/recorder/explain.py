"""Why the output was what it was, in words, from nothing but the journal."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from service.recorder.journal import JournalError

Record = Mapping[str, Any]

#: Records that are told when nobody asks for a moment.
TOLD = frozenset(
    {
        "begin",
        "phase",
        "prompt",
        "refused",
        "strike",
        "depth",
        "zone",
        "relapse",
        "search",
        "threshold",
        "calibration",
        "company",
        "picked",
        "coactivation",
        "muscle_ended",
        "leak",
        "end",
    }
)


def explain_at(records: Sequence[Record], at_s: float) -> str:
    """Return why the output was what it was, ``at_s`` after the session began."""
    start_s = _start_s(records)
    last_s = float(records[-1]["t_s"]) - start_s
    if not 0 <= at_s <= last_s:
        msg = f"--at: expected 0 to {last_s:.1f} s, the length of the session"
        raise JournalError(msg)
    before = [r for r in records if float(r["t_s"]) - start_s <= at_s]
    decision = _last(before, "decision")
    if decision is None:
        return f"{at_s:.2f} s: nothing had been decided yet, so nothing was permitted."
    lines = [f"{at_s:.2f} s: {_phase(decision)}", *_amplitude(decision)]
    sample = _last(before, "event", "SampleArrived")
    if sample is not None:
        lines.append(_sample(sample, float(decision["t_s"])))
    after = (r for r in records if float(r["t_s"]) >= float(decision["t_s"]))
    readback = _first(after, "event", "ReadbackSeen")
    if readback is not None:
        lines.append(_readback(readback, decision))
    return "\n".join(lines)


def tell_story(records: Sequence[Record]) -> str:
    """Return what happened, a line each."""
    start_s = _start_s(records)
    lines = [
        f"{float(r['t_s']) - start_s:8.2f} s  {_happened(r)}"
        for r in records
        if r["kind"] in TOLD
    ]
    n = sum(r["kind"] == "decision" for r in records)
    return "\n".join([*lines, f"{n} decisions; --at SECONDS explains one"])


def _start_s(records: Sequence[Record]) -> float:
    if not records:
        msg = "the journal is empty: nothing was recorded"
        raise JournalError(msg)
    return float(records[0]["t_s"])


def _last(records: Sequence[Record], kind: str, event: str = "") -> Record | None:
    return _first(reversed(records), kind, event)


def _first(records: Iterable[Record], kind: str, event: str = "") -> Record | None:
    for record in records:
        if record["kind"] == kind and (not event or record["body"]["event"] == event):
            return record
    return None


def _phase(decision: Record) -> str:
    body = decision["body"]
    part = {"on": ", in an on part", "off": ", in an off part"}
    where = next((part[r] for r in body["reasons"] if r in part), "")
    return f"the session was {body['phase']}{where}."


def _amplitude(decision: Record) -> list[str]:
    body = decision["body"]
    if body["permit"] is None:
        return ["No permit was issued: the output had to be at zero."]
    lines = []
    tone, threshold = body["tone_pct_mvc"], body["threshold_pct_mvc"]
    if isinstance(tone, float):
        side = "above" if tone > threshold else "below"
        lines.append(
            f"Tone, measured without stimulation, was {tone:.1f} %MVC, {side} the "
            f"threshold of {threshold:g} %MVC."
        )
    lines += [_muscle(one) for one in body.get("muscles", ())]
    asked, given, unit = body["requested"], body["amplitude"], body["unit"]
    lines.append(f"{asked:.2f} {unit} were wanted; {given:.2f} {unit} were permitted.")
    limits = [r for r in body["reasons"] if ":" in r or r in {"response", "device"}]
    if body["most_limiting"]:
        others = [r for r in limits if r != body["most_limiting"]]
        also = f", and also by {', '.join(others)}" if others else ""
        lines.append(f"It was limited most by {body['most_limiting']}{also}.")
    permit = body["permit"]
    lines.append(
        f"Permit {permit['sequence']} was issued for {permit['ttl_ms']} ms"
        + ("." if permit["active"] else ", asking for zero.")
    )
    return lines


def _muscle(one: Mapping[str, Any]) -> str:
    tone = one["tone_pct_mvc"]
    known = f"{tone:.1f} %MVC" if isinstance(tone, float) else "not known"
    turn = "picked" if one["picked"] else "not picked"
    return f"{one['muscle']}: tone {known}, level {one['level_ma']:.2f} mA, {turn}."


def _sample(sample: Record, t_s: float) -> str:
    seen = sample["body"]["sample"]
    age_ms = (t_s - float(seen["t_s"])) * 1e3
    quality = "good" if not seen["quality"] else f"flags {seen['quality']}"
    return (
        f"The newest EMG was {age_ms:.1f} ms old: RMS {float(seen['rms_uv']):.1f} µV, "
        f"quality {quality}."
    )


def _readback(readback: Record, decision: Record) -> str:
    body = readback["body"]
    after_ms = (float(readback["t_s"]) - float(decision["t_s"])) * 1e3
    unit = decision["body"]["unit"]
    state = f"{float(body['amplitude']):.2f} {unit}" if body["active"] else "zero"
    fault = f" and reported {body['fault']}" if body["fault"] else ""
    return f"The device confirmed {state}{fault}, {after_ms:.0f} ms later."


def _happened(record: Record) -> str:
    body = record["body"]
    if record["kind"] == "phase":
        cause = f": {body['cause']}" if body["cause"] else ""
        return f"{body['from']} → {body['to']}{cause}"
    words = ", ".join(
        f"{key} {value:.3g}" if isinstance(value, float) else f"{key} {value}"
        for key, value in body.items()
        if value not in ("", None) and not isinstance(value, dict)
    )
    return f"{record['kind']}: {words}"
