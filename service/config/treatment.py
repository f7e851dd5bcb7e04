"""What is done about stimulation, heart and power line in the EMG of a source."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from service.config.base import ConfigModel, Label


class DisturbanceConfig(ConfigModel):
    """How disturbances in the EMG are treated; without this table they are filtered."""

    artifact: Literal[
        "none", "off_windows", "tail", "comb", "template", "gram_schmidt"
    ] = "comb"
    """Stimulation: what is done between pulses. Success is judged in off-windows
    whatever this says. A.
    """

    pulses: Literal["expected", "always", "trigger"] = "expected"
    """How pulses are known: found in the signal while the output of this rig is on,
    found at any time (for a stimulator beside this rig), or told by a trigger channel.
    """

    trigger_channel: Label | None = None
    """Label of a channel of this source that rises with every pulse; it is no EMG."""

    trigger_level_uv: Annotated[float, Field(gt=0)] | None = None
    """A pulse begins where the trigger channel rises through this, in microvolt like
    every channel of a source.
    """

    heart: Literal["none", "watch", "template", "gate"] = "none"
    """Heart beats: left in, left in and flagged, subtracted, or not counted. Costs
    0.35 s of delay. A.
    """

    track_mains: bool = True
    """Follow and subtract the hum instead of notching it."""

    @model_validator(mode="after")
    def _trigger_is_complete(self) -> Self:
        wanted = self.pulses == "trigger"
        if wanted != (self.trigger_channel is not None) or wanted != (
            self.trigger_level_uv is not None
        ):
            msg = (
                "expected trigger_channel and trigger_level_uv with pulses = "
                f'"trigger" and only then, got pulses = "{self.pulses}"'
            )
            raise ValueError(msg)
        return self
