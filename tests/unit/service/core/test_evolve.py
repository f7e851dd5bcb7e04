from dataclasses import FrozenInstanceError, dataclass, field, fields, replace

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


@pytest.mark.parametrize(
    ("value", "changes"),
    [
        (Dose(charge_uc=3.0), {"t_s": 2.0, "is_resting": True}),
        (Treatment(1.0, 2.0), {"on": True, "tone_pct_mvc": 4.0}),
        (Treatment(1.0, 2.0, tone_pct_mvc=4.0), {}),
        (ZeroTime(), {"since_s": 1.0}),
        (Checked(1.0, 2.0), {"high": 5.0}),
        (WithoutSlots(), {"b": 3}),
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


def test_what_a_class_checks_is_still_checked() -> None:
    assert evolve(Checked(1.0, 2.0), high=5.0).width == pytest.approx(4.0)
    with pytest.raises(ValueError, match="expected low <= high"):
        evolve(Checked(1.0, 2.0), high=0.0)


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
