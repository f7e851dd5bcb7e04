"""``[targeted]``: several muscles, each with its own loop."""

from typing import Annotated

from pydantic import Field

from service.config.base import ConfigModel
from service.core.actuators import MAX_CURRENT_CHANNELS
from service.core.turns import TargetedPlan

_TARGETED = TargetedPlan()


class TargetedTable(ConfigModel):
    """``[targeted]``: every muscle of the rig is measured, the tense are stimulated."""

    at_once: Annotated[int, Field(ge=1, le=MAX_CURRENT_CHANNELS)] = _TARGETED.at_once
    """So many muscles are stimulated in one bout."""

    balance_pct_mvc: Annotated[float, Field(ge=0, le=20)] = _TARGETED.balance_pct_mvc
    """Where excess tone is as alike as this, less charge so far goes first."""

    longest_wait_bouts: Annotated[int, Field(ge=1, le=20)] = (
        _TARGETED.longest_wait_bouts
    )
    """A tense muscle that has waited for so many bouts goes first."""

    share_slack: Annotated[float, Field(ge=0, le=1)] = _TARGETED.share_slack
    """No muscle gets more of the charge than an equal share and this."""

    coactivation_ratio: Annotated[float, Field(gt=1, le=2)] = (
        _TARGETED.coactivation_ratio
    )
    """Above this multiple of its baseline, a muscle that is not stimulated answers to
    those that are.
    """

    coactivation_sd: Annotated[float, Field(ge=0, le=10)] = _TARGETED.coactivation_sd
    """And by so many standard deviations of the baseline."""

    def to_core(self) -> TargetedPlan:
        """Return the plan."""
        return TargetedPlan(**self.model_dump())
