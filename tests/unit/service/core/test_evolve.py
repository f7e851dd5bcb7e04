from dataclasses import (
    FrozenInstanceError,
    InitVar,
    dataclass,
    field,
    fields,
    replace,
)
from functools import cached_property

import pytest

from service.core.dose import Dose
from service.core.evolve import evolve
from service.core.state import Session, Treatment
from service.core.tone import ZeroTime


@dataclass(frozen=True, slots=True)
class Checked:
    low: float
    high: float
    width: float = field(init=False)

    def __post_init__(self) -> None:
        if self.low > self.high:
            msg = f"expected low <= high, got {self.low}, {self.high}"
            raise ValueError(msg)
        object.__setattr__(self, "width", self.high - self.low)


@dataclass(frozen=True)
class WithoutSlots:
    a: int = 1
    b: int = 2


@dataclass(frozen=True)
class Converted:
    a: int = 1
    offset: InitVar[int] = 10

    def __post_init__(self, offset: int) -> None:
        object.__setattr__(self, "a", self.a + offset)


@dataclass(frozen=True)
class Ordered:
    low: float
    high: float

    def __post_init__(self) -> None:
        if self.low > self.high:
            msg = f"expected low <= high, got {self.low}, {self.high}"
            raise ValueError(msg)


@dataclass(frozen=True)
class Remembering:
    a: int = 1

    @cached_property
    def double(self) -> int:
        return 2 * self.a


@pytest.mark.parametrize(
    ("value", "changes"),
    [
        (Dose(charge_uc=3.0), {"t_s": 2.0, "is_resting": True}),
        (Treatment(1.0, 2.0), {"on": True, "tone_pct_mvc": 4.0}),
        (Treatment(1.0, 2.0, tone_pct_mvc=4.0), {}),
        (ZeroTime(), {"since_s": 1.0}),
        (Checked(1.0, 2.0), {"high": 5.0}),
        (WithoutSlots(), {"b": 3}),
        (Ordered(1.0, 2.0), {"high": 5.0}),
    ],
)
def test_it_gives_what_replace_gives(value: object, changes: dict[str, object]) -> None:
    before = {one.name: getattr(value, one.name) for one in fields(value)}
    changed = evolve(value, **changes)
    expected = replace(value, **changes)
    for one in fields(expected):
        # The same object, so that NaN counts as equal to itself.
        assert repr(getattr(changed, one.name)) == repr(getattr(expected, one.name))
    assert type(changed) is type(value)
    assert changed is not value
    assert all(getattr(value, name) is old for name, old in before.items())


def test_the_copy_is_as_frozen_as_the_original() -> None:
    changed = evolve(Dose(), t_s=1.0)
    with pytest.raises(FrozenInstanceError):
        changed.t_s = 2.0


def test_what_was_computed_from_other_values_is_not_taken_over() -> None:
    value = Remembering(3)
    assert value.double == 6
    assert evolve(value, a=4).double == 8


def test_arguments_that_are_not_kept_are_asked_for_as_ever() -> None:
    value = Converted()
    assert evolve(value, a=2, offset=5).a == replace(value, a=2, offset=5).a == 7


@pytest.mark.parametrize("kind", [Checked, Ordered])
def test_a_copy_is_checked(kind: type[Checked | Ordered]) -> None:
    with pytest.raises(ValueError, match="expected low <= high"):
        evolve(kind(1.0, 2.0), high=0.0)


def test_what_a_class_computes_is_computed_again() -> None:
    assert evolve(Checked(1.0, 2.0), high=5.0).width == pytest.approx(4.0)


@pytest.mark.parametrize("value", [Dose(), WithoutSlots()])
def test_a_field_that_is_not_there_is_refused(value: Dose | WithoutSlots) -> None:
    with pytest.raises(TypeError):
        evolve(value, nothing_like_that=1)


def test_no_field_of_a_session_is_lost() -> None:
    values = {one.name: object() for one in fields(Session)}
    session = Session(**values)
    changed = evolve(session, now_s=3.0)
    assert changed.now_s == 3.0
    for name, value in values.items():
        assert name == "now_s" or getattr(changed, name) is value
