"""The groups of a program file that are the same whatever is actuated."""

from typing import Annotated, Literal

from pydantic import Field

from service.config.base import ConfigModel, Seconds, Share
from service.core.limits import COMPILED, Quantity
from service.core.program import CalibrationPlan, ResponsePlan, Success, Timing

_SUCCESS = Success()
_CALIBRATION, _RESPONSE, _TIMING = CalibrationPlan(), ResponsePlan(), Timing()


class SuccessConfig(ConfigModel):
    """``[success]``: what counts as relaxed."""

    threshold_pct_mvc: Annotated[float, Field(gt=0, le=50)] = _SUCCESS.threshold_pct_mvc
    hold_s: Seconds = _SUCCESS.hold_s
    hold_fraction: Share = _SUCCESS.hold_fraction
    exit_ratio: Annotated[float, Field(ge=1, le=3)] = _SUCCESS.exit_ratio
    exit_s: Seconds = _SUCCESS.exit_s


class CalibrationConfig(ConfigModel):
    """``[calibration]``: how rest, MVC and baseline are recorded."""

    rest_s: Annotated[float, Field(ge=3, le=300)] = _CALIBRATION.rest_s
    mvc_s: Annotated[float, Field(ge=2.5, le=10)] = _CALIBRATION.mvc_s
    mvc_trials: Annotated[int, Field(ge=1, le=10)] = _CALIBRATION.mvc_trials
    pause_s: Seconds = _CALIBRATION.pause_s
    relax_s: Seconds = _CALIBRATION.relax_s
    baseline_s: Annotated[float, Field(ge=3, le=300)] = _CALIBRATION.baseline_s
    noise_refuse_pct_mvc: Annotated[float, Field(gt=0, le=20)] = (
        _CALIBRATION.noise_refuse_pct_mvc
    )
    noise_s: Annotated[float, Field(ge=0, le=300)] = _CALIBRATION.noise_s
    mvc_extra: Annotated[int, Field(ge=0, le=5)] = _CALIBRATION.mvc_extra
    reference: Literal["mvc", "rvc"] = "mvc"
    rvc_pct_mvc: Annotated[float, Field(ge=5, le=30)] = _CALIBRATION.rvc_pct_mvc


class ResponseConfig(ConfigModel):
    """``[response]``: when a response to stimulation ends or limits it."""

    adverse_ratio: Annotated[float, Field(gt=1, le=2)] = _RESPONSE.adverse_ratio
    adverse_sd: Annotated[float, Field(ge=0, le=10)] = _RESPONSE.adverse_sd
    cap_ratio: Share = _RESPONSE.cap_ratio
    cool_down_s: Seconds = _RESPONSE.cool_down_s
    strikes: Annotated[int, Field(ge=1, le=3)] = _RESPONSE.strikes
    useless_s: Seconds = _RESPONSE.useless_s
    useless_drop: Share = _RESPONSE.useless_drop


class TimingConfig(ConfigModel):
    """``[timing]``: durations that no other group owns."""

    check_s: Annotated[float, Field(ge=1, le=60)] = _TIMING.check_s
    stale_s: Annotated[float, Field(gt=0, le=0.25)] = _TIMING.stale_s
    lost_s: Annotated[float, Field(gt=0, le=60)] = _TIMING.lost_s
    bad_s: Annotated[float, Field(gt=0, le=60)] = _TIMING.bad_s
    resume_s: Annotated[float, Field(ge=0.5, le=60)] = _TIMING.resume_s
    treatment_s: Annotated[
        float, Field(gt=0, le=COMPILED[Quantity.TREATMENT_S].absolute)
    ] = _TIMING.treatment_s
    reassess_s: Annotated[float, Field(ge=2, le=300)] = _TIMING.reassess_s
