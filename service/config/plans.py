"""The tables of a program file that say what is shown, watched and asked for."""

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from service.config.base import ConfigModel
from service.core.actuators import MAX_CURRENT_CHANNELS
from service.core.arming import CHECKLIST
from service.core.plans import AssessPlan, FeedbackPlan, Measure, NeedlingPlan
from service.core.turns import TargetedPlan

_FEEDBACK, _NEEDLING, _TARGETED = FeedbackPlan(), NeedlingPlan(), TargetedPlan()


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


class TargetedTable(ConfigModel):
    """``[targeted]``: every muscle of the rig is measured, the tense are stimulated."""

    at_once: Annotated[int, Field(ge=1, le=MAX_CURRENT_CHANNELS)] = _TARGETED.at_once
    """So many muscles are stimulated in one bout."""

    balance_pct_mvc: Annotated[float, Field(ge=0, le=20)] = _TARGETED.balance_pct_mvc
    """Where excess tone is as alike as this, less charge so far goes first."""

    longest_wait_bouts: Annotated[int, Field(ge=1, le=20)] = (
        _TARGETED.longest_wait_bouts
    )
    share_slack: Annotated[float, Field(ge=0, le=1)] = _TARGETED.share_slack
    """No muscle gets more of the charge than an equal share and this."""

    coactivation_ratio: Annotated[float, Field(gt=1, le=2)] = (
        _TARGETED.coactivation_ratio
    )
    coactivation_sd: Annotated[float, Field(ge=0, le=10)] = _TARGETED.coactivation_sd

    def to_core(self) -> TargetedPlan:
        """Return the plan."""
        return TargetedPlan(**self.model_dump())


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
