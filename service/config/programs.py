"""Programs as files: the same groups and names as `service.core.program`."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from service.config.base import ConfigModel, Name, Seconds, Share
from service.config.load import load_toml
from service.core.laws.integral import IntegralLaw
from service.core.limits import COMPILED, Quantity, beyond_compiled
from service.core.program import (
    Bout,
    CalibrationPlan,
    Program,
    ResponsePlan,
    Success,
    Timing,
)
from service.errors import ConfigError

_BOUT, _LAW, _SUCCESS = Bout(), IntegralLaw(), Success()
_CALIBRATION, _RESPONSE, _TIMING = CalibrationPlan(), ResponsePlan(), Timing()


class Actuation(ConfigModel):
    """``[actuation]``: what is put out, and up to which amplitude."""

    max_amplitude_ma: Annotated[float, Field(gt=0)]
    """Highest amplitude that the law may ask for."""

    pulse_width_us: Annotated[float, Field(gt=0)]
    """Width of one phase of the symmetric biphasic pulse."""

    frequency_hz: Annotated[float, Field(gt=0)]
    """Pulses per second."""

    @model_validator(mode="after")
    def _within_compiled(self) -> Self:
        beyond = beyond_compiled(self.bounds())
        if beyond:
            raise ValueError(", ".join(beyond))
        return self

    def bounds(self) -> dict[Quantity, float]:
        """Return the bounds that the program states."""
        return {
            Quantity.AMPLITUDE_MA: self.max_amplitude_ma,
            Quantity.PULSE_WIDTH_US: self.pulse_width_us,
            Quantity.FREQUENCY_HZ: self.frequency_hz,
        }


class BoutConfig(ConfigModel):
    """``[bout]``: on, off, and where in the off part tone is measured."""

    on_s: Seconds = _BOUT.on_s
    off_s: Seconds = _BOUT.off_s
    settle_s: Seconds = _BOUT.settle_s

    @model_validator(mode="after")
    def _not_too_long_on(self) -> Self:
        share = self.on_s / (self.on_s + self.off_s)
        beyond = beyond_compiled({Quantity.ON_FRACTION: share})
        if beyond:
            raise ValueError(", ".join(beyond))
        return self


class LawConfig(ConfigModel):
    """``[law]``: the rate-limited integral law."""

    gain_ma_per_s_per_pct: Annotated[float, Field(gt=0, le=1)] = (
        _LAW.gain_ma_per_s_per_pct
    )
    up_ma_per_s: Annotated[
        float, Field(gt=0, le=COMPILED[Quantity.SLEW_UP_MA_PER_S].absolute)
    ] = _LAW.up_ma_per_s
    down_ma_per_s: Annotated[float, Field(gt=0, le=100)] = _LAW.down_ma_per_s


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


class ProgramConfig(ConfigModel):
    """A program file."""

    name: Name
    title: Annotated[str, Field(min_length=1, max_length=120)]
    window_s: Annotated[float, Field(ge=0.25, le=5)] = Program().window_s
    wean_ma_per_s: Annotated[float, Field(gt=0, le=5)] = Program().wean_ma_per_s
    actuation: Actuation
    bout: BoutConfig = BoutConfig()
    law: LawConfig = LawConfig()
    success: SuccessConfig = SuccessConfig()
    calibration: CalibrationConfig = CalibrationConfig()
    response: ResponseConfig = ResponseConfig()
    timing: TimingConfig = TimingConfig()

    @model_validator(mode="after")
    def _measures_in_off_parts(self) -> Self:
        room_s = self.bout.off_s - self.bout.settle_s
        if room_s < self.window_s:
            msg = (
                "expected bout.off_s of at least bout.settle_s + window_s, so that "
                f"tone is measured without stimulation; got {self.bout.off_s:g} s"
            )
            raise ValueError(msg)
        return self

    def to_core(self) -> Program:
        """Return the program as the core knows it."""
        return Program(
            name=self.name,
            title=self.title,
            window_s=self.window_s,
            wean_ma_per_s=self.wean_ma_per_s,
            **self.actuation.model_dump(),
            bout=Bout(**self.bout.model_dump()),
            law=IntegralLaw(**self.law.model_dump()),
            success=Success(**self.success.model_dump()),
            calibration=CalibrationPlan(**self.calibration.model_dump()),
            response=ResponsePlan(**self.response.model_dump()),
            timing=Timing(**self.timing.model_dump()),
        )

    @classmethod
    def from_core(cls, program: Program) -> Self:
        """Return the file that `to_core` would read as ``program``."""
        data = asdict(program)
        actuation = {key: data.pop(key) for key in Actuation.model_fields}
        return cls.model_validate({**data, "actuation": actuation})


def load_programs(folder: Path) -> dict[str, Program]:
    """Return every program in a folder by name; raise `ConfigError` on a wrong one."""
    programs: dict[str, Program] = {}
    paths = sorted(folder.glob("*.toml"))
    if not paths:
        msg = f"{folder}: expected programs (*.toml), found none"
        raise ConfigError(msg)
    for path in paths:
        program = load_toml(path, ProgramConfig).to_core()
        if program.name in programs:
            msg = f"{path}: there is a program {program.name!r} already; rename one"
            raise ConfigError(msg)
        programs[program.name] = program
    return programs
