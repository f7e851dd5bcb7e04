"""Which tables of a program file go with which modality."""

from collections.abc import Set as AbstractSet

#: Tables that say what a program does besides, or instead of, moving one level.
PLANS = ("feedback", "needling", "massage", "percussion", "mat", "release")

#: Those that a modality needs one of; a modality that is not here moves one level.
NEEDED: dict[str, frozenset[str]] = {
    "none": frozenset({"feedback", "needling", "release"}),
    "massage": frozenset({"massage"}),
    "vibration": frozenset({"percussion"}),
    "mat": frozenset({"mat"}),
    "pressure": frozenset({"release"}),
}

#: Modalities whose bouts are those of a row.
ROWS = frozenset({"massage", "vibration"})
NO_PUSH = "push_s: leave it out, massage has stages instead"

#: Groups that mean nothing for a modality.
IDLE: dict[str, frozenset[str]] = {
    "none": frozenset({"law", "bout", "response", "wean_ma_per_s", "search"}),
    "massage": frozenset({"law", "wean_ma_per_s", "search"}),
    "vibration": frozenset({"law", "wean_ma_per_s", "search"}),
    "mat": frozenset({"law", "bout", "wean_ma_per_s", "search"}),
    "pressure": frozenset({"law", "bout", "wean_ma_per_s", "search"}),
}


def idle_of(modality: str, plans: AbstractSet[str]) -> frozenset[str]:
    """Return the groups that mean nothing; hands are guarded like an actuator."""
    guarded = {"response"} if "release" in plans else set()
    return IDLE.get(modality, frozenset()) - guarded


def misfit(modality: str, plans: AbstractSet[str], stated: AbstractSet[str]) -> str:
    """Say what of a file does not go with its modality; empty if all does.

    ``plans`` are those of `PLANS` that it has, ``stated`` all of its keys.
    """
    needed = NEEDED.get(modality, frozenset())
    told = ", ".join(sorted(plans)) or "none of them"
    if plans - needed:
        fitting = ", ".join(f"[{name}]" for name in sorted(needed)) or "no such table"
        return f'{told}: modality = "{modality}" goes with {fitting}'
    if needed and len(plans) != 1:
        one = " and ".join(f"[{name}]" for name in sorted(needed))
        return f'expected one of {one} with modality = "{modality}", got {told}'
    idle = sorted(idle_of(modality, plans) & stated)
    if idle:
        names = ", ".join(idle)
        return f'{names}: leave it out, it means nothing with modality = "{modality}"'
    return ""
