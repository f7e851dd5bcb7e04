"""What every configuration model has in common."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class ConfigModel(BaseModel):
    """Strict: unknown keys, numbers in quotes, NaN and infinities are refused."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
        allow_inf_nan=False,
        use_attribute_docstrings=True,
    )


Name = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[\w.-]+$")]
"""Name of a rig, source, output or program: letters, digits, ``_``, ``-``, ``.``."""

Label = Annotated[str, Field(min_length=1, max_length=128)]
"""Label of a channel, as the device spells it."""

Seconds = Annotated[float, Field(gt=0, le=7200)]
"""A duration above zero."""

Share = Annotated[float, Field(gt=0, le=1)]
"""A fraction above 0, at most 1."""
