"""The tables of a program file that say how a row or a mat touches a person."""

from typing import Annotated, Any, Literal

from pydantic import Field

from service.config.base import ConfigModel
from service.core.kneading import SLOW_HZ, MassagePlan, plan_trouble
from service.core.patterns import Pattern
from service.core.plans import Modality
from service.core.zones import MatPlan

_MASSAGE, _MAT = MassagePlan(), MatPlan()
_LIGHT, _MODERATE, _DEEP = _MASSAGE.depths

#: Level of a stage; the ceiling of the modality is checked with the whole program.
Stage = Annotated[float, Field(gt=0, le=1000)]


class RowTable(ConfigModel):
    """What massage and percussion have in common: stages, and a budget of contact."""

    dwell_s: Annotated[float, Field(ge=20, le=600)] = _MASSAGE.dwell_s
    site_s: Annotated[float, Field(ge=60, le=600)] = _MASSAGE.site_s
    stretch_s: Annotated[float, Field(ge=30, le=240)] = _MASSAGE.stretch_s
    break_s: Annotated[float, Field(ge=60, le=600)] = _MASSAGE.break_s

    def to_core(self) -> MassagePlan:
        """Return the plan."""
        stated = {**self.model_dump(), **self.extra()}
        depths = tuple(stated.pop(key) for key in self.depth_keys())
        stated.pop("verified", None)
        pattern = Pattern(stated.pop("pattern"))
        return MassagePlan(pattern=pattern, depths=depths, **stated)

    def extra(self) -> dict[str, Any]:
        """Return what the table does not let choose."""
        return {}

    @classmethod
    def depth_keys(cls) -> tuple[str, ...]:
        """Return the keys of the stages, light first."""
        return tuple(
            key
            for key in cls.model_fields
            if key.partition("_")[0] in {"light", "moderate", "deep"}
        )

    def trouble(self, modality: Modality, highest_hz: float) -> str:
        """Say what is wrong with it in a program of this modality; empty if nothing."""
        return plan_trouble(self.to_core(), modality, highest_hz)


class MassageTable(RowTable):
    """``[massage]``: a row of actuators kneads or strokes, light before deep."""

    pattern: Literal["kneading", "stroking"] = "kneading"
    """How the row works together."""

    rate_hz: Annotated[float, Field(ge=0.2, le=1)] = _MASSAGE.rate_hz
    light_kpa: Stage = _LIGHT
    """First stage; at most 60 kPa."""

    moderate_kpa: Stage = _MODERATE
    """Second stage."""

    deep_kpa: Stage = _DEEP
    """Third stage."""

    floor: Annotated[float, Field(ge=0, le=0.8)] = _MASSAGE.floor

    def extra(self) -> dict[str, Any]:
        """Return what the table does not let choose."""
        return {"start_hz": 0.0}


class PercussionTable(RowTable):
    """``[percussion]``: vibrators work together, slowly at first."""

    light_mm: Stage = 0.1
    """First stage; at most 0.3 mm."""

    moderate_mm: Stage = 0.2
    """Second stage."""

    deep_mm: Stage = 0.4
    """Third stage."""

    start_hz: Annotated[float, Field(ge=5, le=SLOW_HZ)] = 20.0
    """Rate to begin with. R: 5-30 Hz."""

    verified: bool = False
    """Whether a rate above 30 Hz is allowed while tone is seen to fall."""

    def extra(self) -> dict[str, Any]:
        """Return what the table does not let choose."""
        return {"pattern": Pattern.PERCUSSION, "rate_hz": 0.0, "floor": 0.0}

    def trouble(self, modality: Modality, highest_hz: float) -> str:
        """Say what is wrong with it in a program of this modality; empty if nothing."""
        if highest_hz > SLOW_HZ and not self.verified:
            return (
                f"expected percussion.verified = true with a rate above {SLOW_HZ:g} "
                f"Hz, got {highest_hz:g} Hz: vibration of 80 to 150 Hz wakes a reflex "
                "that raises tone, and is used only while tone is seen to fall"
            )
        return super().trouble(modality, highest_hz)


class MatPlanTable(ConfigModel):
    """``[mat]``: zones of a mat come in one after another, rest, and end."""

    start_kpa: Annotated[float, Field(gt=0, le=15)] = _MAT.start_kpa
    step_kpa: Annotated[float, Field(gt=0, le=5)] = _MAT.step_kpa
    ramp_s: Annotated[float, Field(ge=30, le=60)] = _MAT.ramp_s
    judge_s: Annotated[float, Field(ge=5, le=60)] = _MAT.judge_s
    discomfort_s: Annotated[float, Field(ge=60, le=180)] = _MAT.discomfort_s
    discomfort_pct_mvc: Annotated[float, Field(ge=0, le=3)] = _MAT.discomfort_pct_mvc
    zone_s: Annotated[float, Field(ge=60, le=900)] = _MAT.zone_s
    rest_s: Annotated[float, Field(ge=30, le=600)] = _MAT.rest_s
    ease_s: Annotated[float, Field(ge=1, le=60)] = _MAT.ease_s

    def to_core(self) -> MatPlan:
        """Return the plan."""
        return MatPlan(**self.model_dump())


def massage_data(plan: MassagePlan, highest_hz: float) -> tuple[str, dict[str, Any]]:
    """Return the table that would be read as ``plan``, and its name."""
    is_percussion = plan.pattern is Pattern.PERCUSSION
    table = PercussionTable if is_percussion else MassageTable
    data = dict(zip(table.depth_keys(), plan.depths, strict=True))
    data |= {
        key: getattr(plan, key) for key in table.model_fields if hasattr(plan, key)
    }
    if is_percussion:
        return "percussion", {**data, "verified": highest_hz > SLOW_HZ}
    return "massage", {**data, "pattern": plan.pattern.value}
