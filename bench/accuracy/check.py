"""One published figure, computed again."""

from dataclasses import dataclass

Value = float | list[float] | dict[str, float]


@dataclass(frozen=True)
class Check:
    """What came out, in words what is accepted, and whether it is."""

    id: str
    title: str
    value: Value
    accept: str
    passed: bool


def rounded(values: list[float], digits: int = 3) -> list[float]:
    """Return plain numbers that read well."""
    return [round(float(v), digits) for v in values]
