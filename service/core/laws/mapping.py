"""Laws by name, built from plain mappings such as a table of a TOML file."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from difflib import get_close_matches
from typing import Any

from service.core.laws.dead_band import DeadBandLaw
from service.core.laws.integral import IntegralLaw
from service.core.laws.parameters import LawError
from service.core.laws.perturb import PerturbLaw
from service.core.laws.pi import PiLaw
from service.core.laws.protocol import Law
from service.core.laws.relay import RelayLaw
from service.core.laws.run_to_run import RunToRunLaw
from service.core.laws.safe_bayes import SafeBayesLaw, Trial

AnyLaw = (
    DeadBandLaw
    | IntegralLaw
    | PiLaw
    | RelayLaw
    | PerturbLaw
    | RunToRunLaw
    | SafeBayesLaw
)

LAWS: dict[str, type[AnyLaw]] = {
    law.kind: law
    for law in (
        DeadBandLaw,
        IntegralLaw,
        PiLaw,
        RelayLaw,
        PerturbLaw,
        RunToRunLaw,
        SafeBayesLaw,
    )
}


def law_from_mapping(mapping: Mapping[str, object]) -> Law[Any]:
    """Build a law.

    Parameters
    ----------
    mapping : mapping of str to object
        ``kind`` and any parameters of that law; the others keep their defaults.

    Returns
    -------
    Law
        One of `LAWS`.

    Raises
    ------
    LawError
        If the kind or a key is unknown, a value is of the wrong type or out of range,
        or the law needs an extra that is not installed.
    """
    given = dict(mapping)
    kind = given.pop("kind", None)
    if not isinstance(kind, str) or kind not in LAWS:
        msg = f"kind must be one of {', '.join(sorted(LAWS))}; not {kind!r}"
        raise LawError(msg)
    known = [declared.name for declared in fields(LAWS[kind])]
    unknown = [key for key in given if key not in known]
    if unknown:
        raise LawError(_unknown_text(kind, unknown, known))
    if "trials" in given:
        given["trials"] = _trials(given["trials"])
    make: Any = LAWS[kind]
    try:
        law: Law[Any] = make(**given)
    except LawError as wrong:
        msg = f"law {kind}: {wrong}"
        raise LawError(msg) from wrong
    return law


def _unknown_text(kind: str, unknown: list[str], known: list[str]) -> str:
    hints = [
        f"{key!r} (did you mean {near[0]!r}?)"
        if (near := get_close_matches(str(key), known, 1))
        else f"{key!r}"
        for key in unknown
    ]
    return f"law {kind} does not know {', '.join(hints)}; it knows {', '.join(known)}"


def _trials(given: object) -> tuple[Trial, ...]:
    if not isinstance(given, Sequence) or isinstance(given, str):
        msg = f"trials must be a list of tables, not {given!r}"
        raise LawError(msg)
    return tuple(t if isinstance(t, Trial) else _trial(t) for t in given)


def _trial(given: object) -> Trial:
    wanted = {declared.name for declared in fields(Trial)}
    needed = wanted - {"adverse"}
    if not isinstance(given, Mapping) or not needed <= set(given) <= wanted:
        msg = (
            f"a trial needs amplitude_ma and tone_ratio, may have adverse; not {given}"
        )
        raise LawError(msg)
    amplitude_ma, tone_ratio = given["amplitude_ma"], given["tone_ratio"]
    adverse = given.get("adverse", False)
    for value in (amplitude_ma, tone_ratio):
        if isinstance(value, bool) or not isinstance(value, int | float):
            msg = (
                f"amplitude_ma and tone_ratio of a trial must be numbers, not {value!r}"
            )
            raise LawError(msg)
    if not isinstance(adverse, bool):
        msg = f"adverse of a trial must be true or false, not {adverse!r}"
        raise LawError(msg)
    return Trial(amplitude_ma, tone_ratio, adverse)
