"""The table of a program file that describes a pressure release."""

from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from service.config.base import ConfigModel
from service.config.meanings import meanings
from service.core.actuators import ACTUATORS
from service.core.limits import COMPILED
from service.core.plans import Modality
from service.core.release_plan import LET_GO_S, MAX_PPT_RATIO, WORST_NRS, ReleasePlan

_PLAN, _SAYS = ReleasePlan(), meanings(ReleasePlan)


def _key(name: str, low: float, high: float) -> Any:  # noqa: ANN401 - as Field
    return Field(ge=low, le=high, description=_SAYS[name])


class ReleaseTable(ConfigModel):
    """``[release]``: sustained pressure, a guided effort and a stretch, in cycles.

    With ``modality = "pressure"`` an actuator presses, with ``"none"`` a therapist.
    """

    patience_s: Annotated[float, _key("patience_s", 5, 600)] = _PLAN.patience_s
    ramp_kpa_per_s: Annotated[float, _key("ramp_kpa_per_s", 1, 10)] = (
        _PLAN.ramp_kpa_per_s
    )
    ramp_s: Annotated[float, _key("ramp_s", 5, 120)] = _PLAN.ramp_s
    start_kpa: Annotated[float, _key("start_kpa", 1, 150)] = _PLAN.start_kpa
    ppt_ratio: Annotated[float, _key("ppt_ratio", 0.5, MAX_PPT_RATIO)] = _PLAN.ppt_ratio
    discomfort_nrs: Annotated[float, _key("discomfort_nrs", 1, WORST_NRS)] = (
        _PLAN.discomfort_nrs
    )
    hold_min_s: Annotated[float, _key("hold_min_s", 5, 90)] = _PLAN.hold_min_s
    hold_max_s: Annotated[float, _key("hold_max_s", 5, 90)] = _PLAN.hold_max_s
    release_drop: Annotated[float, _key("release_drop", 0.1, 0.9)] = _PLAN.release_drop
    release_s: Annotated[float, _key("release_s", 1, 30)] = _PLAN.release_s
    ease_s: Annotated[float, _key("ease_s", 10, 120)] = _PLAN.ease_s
    effort_s: Annotated[float, _key("effort_s", 3, 15)] = _PLAN.effort_s
    effort_low_pct_mvc: Annotated[float, _key("effort_low_pct_mvc", 5, 35)] = (
        _PLAN.effort_low_pct_mvc
    )
    effort_high_pct_mvc: Annotated[float, _key("effort_high_pct_mvc", 10, 40)] = (
        _PLAN.effort_high_pct_mvc
    )
    effort_patience_s: Annotated[float, _key("effort_patience_s", 5, 40)] = (
        _PLAN.effort_patience_s
    )
    recover_s: Annotated[float, _key("recover_s", 5, 60)] = _PLAN.recover_s
    stretch_s: Annotated[float, _key("stretch_s", 5, 60)] = _PLAN.stretch_s
    stretch_ratio: Annotated[float, _key("stretch_ratio", 1, 1.5)] = _PLAN.stretch_ratio
    stretch_tense_s: Annotated[float, _key("stretch_tense_s", 1, 10)] = (
        _PLAN.stretch_tense_s
    )
    cycles: Annotated[int, _key("cycles", 1, 3)] = _PLAN.cycles

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
