"""The rig of the demo, with the actuators that a program needs, and its subject."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from service.config.base import ConfigModel
from service.config.load import load_toml
from service.config.outputs import OutputChannelConfig
from service.config.paths import shipped_config
from service.config.rig import LslSourceConfig, MuscleConfig, RigConfig
from service.core.plans import Modality
from service.core.program import Program

#: Programs for one muscle find their stimulator in the rig file itself.
BUILT_IN = frozenset({Modality.EMS, Modality.NONE})


class DemoOutputs(ConfigModel):
    """Actuators that take the place of those in the rig of the demo."""

    channels: Annotated[list[OutputChannelConfig], Field(min_length=1)]
    """The actuators."""

    muscles: list[MuscleConfig] = Field(default=[])
    """The muscles that they reach."""


def demo_rig(program: Program, port: int, data: Path) -> RigConfig:
    """Return the rig for a program; its streams have names of their own."""
    rig = load_toml(shipped_config() / "demo" / "rig.toml", RigConfig)
    if not (program.mat or program.release or program.search):
        # Nobody listens to what the person would say.
        rig = rig.model_copy(update={"markers": None})
    outputs = _outputs(program)
    if outputs is not None:
        rig = _with_outputs(rig, outputs)
    return _renamed(rig, program, port, data)


def subject_arguments(
    rig: RigConfig, program: Program, preset: str, seed: int
) -> tuple[str, ...]:
    """Return how the simulated subject of a rig is started."""
    source, markers = rig.sources[0], rig.markers
    by_hand = program.release is not None and not program.actuates
    agreed_nrs = program.release.discomfort_nrs if by_hand and program.release else 0.0
    return (
        *("-m", "drivers.subject", "--until-stdin-closes"),
        *("--preset", preset, "--seed", str(seed)),
        *("--stream-name", getattr(source, "stream_name", "")),
        *("--stimulation-name", rig.output.name),
        *("--markers-name", rig.outlets.markers_name),
        *("--button-name", markers.stream_name if markers else ""),
        *("--modality", rig.output.channels[0].modality),
        *("--muscles", str(max(1, len(rig.control.muscles)))),
        *("--hands", str(agreed_nrs)),
    )


def _outputs(program: Program) -> DemoOutputs | None:
    folder = shipped_config() / "demo" / "outputs"
    if program.targeted is not None:
        return load_toml(folder / "muscles.toml", DemoOutputs)
    if program.modality in BUILT_IN:
        return None
    return load_toml(folder / f"{program.modality}.toml", DemoOutputs)


def _with_outputs(rig: RigConfig, outputs: DemoOutputs) -> RigConfig:
    output = rig.output.model_copy(update={"channels": outputs.channels})
    control = rig.control.model_copy(update={"muscles": tuple(outputs.muscles)})
    # What was checked when each file was read must hold for both together.
    changed = rig.model_copy(update={"output": output, "control": control})
    return RigConfig.model_validate(changed.model_dump())


def _renamed(rig: RigConfig, program: Program, port: int, data: Path) -> RigConfig:
    """Give every stream a name of its own."""
    sources = [
        source.model_copy(update={"stream_name": f"{source.stream_name}-{port}"})
        if isinstance(source, LslSourceConfig)
        else source
        for source in rig.sources
    ]
    outlets = {key: f"{name}-{port}" for key, name in rig.outlets.model_dump().items()}
    markers = rig.markers
    if markers is not None:
        name = f"{markers.stream_name}-{port}"
        markers = markers.model_copy(update={"stream_name": name})
    return rig.model_copy(
        update={
            "sources": sources,
            "markers": markers,
            "output": rig.output.model_copy(
                update={"name": f"{rig.output.name}-{port}"}
            ),
            "outlets": rig.outlets.model_copy(update=outlets),
            "control": rig.control.model_copy(update={"program": program.name}),
            "api": rig.api.model_copy(update={"port": port}),
            "data": rig.data.model_copy(update={"folder": str(data)}),
        }
    )
