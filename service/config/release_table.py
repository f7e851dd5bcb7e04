"""The table of a program file that describes a pressure release."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from service.config.base import ConfigModel
from service.core.actuators import ACTUATORS
from service.core.limits import COMPILED
from service.core.plans import Modality
from service.core.release_plan import LET_GO_S, MAX_PPT_RATIO, WORST_NRS, ReleasePlan

_PLAN = ReleasePlan()


class ReleaseTable(ConfigModel):
    """``[release]``: sustained pressure, a guided effort and a stretch, in cycles.

    With ``modality = "pressure"`` an actuator presses, with ``"none"`` a therapist.
    """

    patience_s: Annotated[float, Field(ge=5, le=600)] = _PLAN.patience_s
    ramp_kpa_per_s: Annotated[float, Field(ge=1, le=10)] = _PLAN.ramp_kpa_per_s
    ramp_s: Annotated[float, Field(ge=5, le=120)] = _PLAN.ramp_s
    start_kpa: Annotated[float, Field(gt=0, le=150)] = _PLAN.start_kpa
    ppt_ratio: Annotated[float, Field(ge=0.5, le=MAX_PPT_RATIO)] = _PLAN.ppt_ratio
    discomfort_nrs: Annotated[float, Field(ge=1, le=WORST_NRS)] = _PLAN.discomfort_nrs
    hold_min_s: Annotated[float, Field(ge=5, le=90)] = _PLAN.hold_min_s
    hold_max_s: Annotated[float, Field(ge=5, le=90)] = _PLAN.hold_max_s
    release_drop: Annotated[float, Field(ge=0.1, le=0.9)] = _PLAN.release_drop
    release_s: Annotated[float, Field(ge=1, le=30)] = _PLAN.release_s
    ease_s: Annotated[float, Field(ge=10, le=120)] = _PLAN.ease_s
    effort_s: Annotated[float, Field(ge=3, le=15)] = _PLAN.effort_s
    effort_low_pct_mvc: Annotated[float, Field(ge=5, le=35)] = _PLAN.effort_low_pct_mvc
    effort_high_pct_mvc: Annotated[float, Field(ge=10, le=40)] = (
        _PLAN.effort_high_pct_mvc
    )
    effort_patience_s: Annotated[float, Field(ge=5, le=40)] = _PLAN.effort_patience_s
    settle_s: Annotated[float, Field(ge=5, le=60)] = _PLAN.settle_s
    stretch_s: Annotated[float, Field(ge=5, le=60)] = _PLAN.stretch_s
    stretch_ratio: Annotated[float, Field(ge=1, le=1.5)] = _PLAN.stretch_ratio
    stretch_tense_s: Annotated[float, Field(ge=1, le=10)] = _PLAN.stretch_tense_s
    cycles: Annotated[int, Field(ge=1, le=3)] = _PLAN.cycles

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        for less, more in (
            ("hold_min_s", "hold_max_s"),
            ("effort_low_pct_mvc", "effort_high_pct_mvc"),
            ("effort_s", "effort_patience_s"),
            ("release_s", "hold_min_s"),
        ):
            low, high = getattr(self, less), getattr(self, more)
            if low > high:
                msg = f"{less}: expected at most {more} ({high:g}), got {low:g}"
                raise ValueError(msg)
        return self

    def to_core(self) -> ReleasePlan:
        """Return the plan."""
        return ReleasePlan(**self.model_dump())


def why_too_long(plan: ReleaseTable, highest_kpa: float) -> str:
    """Say why a press lasts longer than an actuator may be on; empty if it does not."""
    actuator = ACTUATORS[Modality.PRESSURE]
    if actuator.on_fraction is None:
        return ""
    allowed_s = COMPILED[actuator.on_fraction].absolute * actuator.on_window_s
    press_s = highest_kpa / plan.ramp_kpa_per_s + plan.hold_max_s + LET_GO_S
    if press_s <= allowed_s:
        return ""
    return (
        f"ramp to {highest_kpa:g} kPa, hold_max_s and letting go last {press_s:.0f} s, "
        f"expected at most {allowed_s:.0f} s: press less, faster or shorter"
    )
