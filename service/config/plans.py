"""The tables of a program file that say what is shown, watched and asked for."""

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from service.config.base import ConfigModel
from service.core.arming import CHECKLIST
from service.core.plans import (
    AssessPlan,
    FeedbackPlan,
    Measure,
    NeedlingPlan,
    SearchPlan,
)
from service.core.thresholds import MOTOR_RATIO, TOLERANCE_RATIO

_FEEDBACK, _NEEDLING = FeedbackPlan(), NeedlingPlan()


class FeedbackTable(ConfigModel):
    """``[feedback]``: biofeedback, in a program that actuates nothing."""

    success_share: Annotated[float, Field(ge=0.5, le=0.9)] = _FEEDBACK.success_share
    step: Annotated[float, Field(ge=0.01, le=0.2)] = _FEEDBACK.step
    trial_s: Annotated[float, Field(ge=10, le=600)] = _FEEDBACK.trial_s
    transfer_s: Annotated[float, Field(ge=5, le=600)] = _FEEDBACK.transfer_s
    trials_per_transfer: Annotated[int, Field(ge=1, le=20)] = (
        _FEEDBACK.trials_per_transfer
    )

    def to_core(self) -> FeedbackPlan:
        """Return the plan."""
        return FeedbackPlan(**self.model_dump())


class NeedlingTable(ConfigModel):
    """``[needling]``: a therapist needles, the program watches and actuates nothing."""

    marker: Annotated[str, Field(min_length=1, max_length=64)] = _NEEDLING.marker
    late_s: Annotated[float, Field(gt=0, le=5)] = _NEEDLING.late_s
    early_s: Annotated[float, Field(ge=0, le=2)] = _NEEDLING.early_s

    def to_core(self) -> NeedlingPlan:
        """Return the plan."""
        return NeedlingPlan(**self.model_dump())


_SEARCH = SearchPlan()


class SearchTable(ConfigModel):
    """``[search]``: sensory and motor threshold are searched for at the begin."""

    start_ma: Annotated[float, Field(gt=0, le=5)] = _SEARCH.start_ma
    step_ma: Annotated[float, Field(gt=0, le=1)] = _SEARCH.step_ma
    dwell_bouts: Annotated[int, Field(ge=1, le=10)] = _SEARCH.dwell_bouts
    ceiling_ma: Annotated[float, Field(gt=0)] | None = None
    """Neither the search nor, after it, the law goes higher; left out: the highest
    amplitude of the program.
    """

    m_wave_uv: Annotated[float, Field(ge=20, le=2000)] = _SEARCH.m_wave_uv
    twitch_ratio: Annotated[float, Field(ge=1, le=1.5)] = _SEARCH.twitch_ratio
    start_share: Annotated[float, Field(ge=0, le=1)] = _SEARCH.start_share
    motor_ratio: Annotated[float, Field(ge=0.5, le=MOTOR_RATIO)] = _SEARCH.motor_ratio
    tolerance_ratio: Annotated[float, Field(ge=0.5, le=TOLERANCE_RATIO)] = (
        _SEARCH.tolerance_ratio
    )

    def to_core(self, bound_ma: float) -> SearchPlan:
        """Return the plan; ``bound_ma`` is the highest amplitude of the program."""
        stated = self.model_dump(exclude={"ceiling_ma"})
        return SearchPlan(**stated, ceiling_ma=self.ceiling_ma or bound_ma)


MeasureName = Literal[
    "tension_pct_mvc",
    "range_of_motion_deg",
    "pain_nrs",
    "pressure_pain_threshold_kpa",
    "notes",
]


class AssessTable(ConfigModel):
    """``[assess]``: what is measured before and after, stimulation off."""

    measures: list[MeasureName] = Field(default=["tension_pct_mvc"])
    """What the operator is asked for; tension is measured by the session itself."""

    wait_s: Annotated[float, Field(ge=0, le=3600)] = AssessPlan().wait_s

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len(set(self.measures)) != len(self.measures):
            msg = f"measures: expected each once, got {', '.join(self.measures)}"
            raise ValueError(msg)
        if Measure.TENSION_PCT_MVC not in self.measures:
            msg = "measures: expected tension_pct_mvc among them: it is always measured"
            raise ValueError(msg)
        return self

    def to_core(self) -> AssessPlan:
        """Return the plan."""
        return AssessPlan(tuple(Measure(name) for name in self.measures), self.wait_s)


ItemKey = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
ItemText = Annotated[str, StringConstraints(min_length=1, max_length=200)]

Contraindications = dict[ItemKey, ItemText]


def not_compiled(items: Contraindications) -> Contraindications:
    """Return the items; raise `ValueError` if one would replace a compiled one."""
    taken = sorted(set(items) & set(CHECKLIST))
    if taken:
        msg = f"{', '.join(taken)}: always confirmed, under this key; leave it out"
        raise ValueError(msg)
    return items
