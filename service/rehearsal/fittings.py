"""What a rig in virtual time is fitted with: the actuators that a program wants."""

from collections.abc import Mapping

from drivers.ports import OutputChannel
from drivers.subject.button import Button
from drivers.subject.hands import Speaker, Therapist
from drivers.subject.muscles import with_muscles
from drivers.subject.presets import subject_params
from drivers.subject.stimulation import Modality as FeltModality
from drivers.subject.stimulation import StimulationLine
from drivers.subject.subject import SubjectParams
from service.core.actuators import Wiring
from service.core.permits import Gate
from service.core.plans import Modality
from service.core.program import Program
from service.engine.opening import EngineParams
from service.rehearsal.options import RigOptions

#: The stimulator of most sessions.
WIRING = Wiring(max_amplitude=30.0, amplitude_step=0.5, pad_area_cm2=25.0)

#: Actuators of one kind: how many, and what each is. A: plausible devices.
FITTINGS: Mapping[Modality, tuple[int, Wiring]] = {
    Modality.EMS: (1, WIRING),
    Modality.NONE: (1, WIRING),
    Modality.MASSAGE: (4, Wiring(150.0, 1.0, 0.0, Modality.MASSAGE)),
    Modality.VIBRATION: (4, Wiring(1.0, 0.05, 0.0, Modality.VIBRATION)),
    Modality.MAT: (4, Wiring(30.0, 0.5, 0.0, Modality.MAT)),
    Modality.PRESSURE: (1, Wiring(250.0, 1.0, 0.0, Modality.PRESSURE)),
}

_FELT: Mapping[Modality, FeltModality] = {
    Modality.MASSAGE: FeltModality.MASSAGE,
    Modality.VIBRATION: FeltModality.VIBRATION,
    Modality.MAT: FeltModality.MAT,
    Modality.PRESSURE: FeltModality.PRESSURE,
}


def wirings_of(program: Program, n_muscles: int) -> tuple[Wiring, ...]:
    """Return the channels of the output: one per muscle if the program has several."""
    n_sites, wiring = FITTINGS[program.modality]
    return (wiring,) * (n_muscles if program.has_muscles else n_sites)


def muscles_of(program: Program, labels: list[str]) -> tuple[tuple[str, int], ...]:
    """Return each EMG channel with the output channel that reaches its muscle."""
    if not program.has_muscles:
        return ()
    return tuple((label, k) for k, label in enumerate(labels))


def output_channels(wirings: tuple[Wiring, ...]) -> tuple[OutputChannel, ...]:
    """Return the same channels as the device sees them."""
    return tuple(
        OutputChannel(
            f"{w.modality}-{k + 1}",
            w.actuator.unit,
            w.max_amplitude,
            w.amplitude_step,
        )
        for k, w in enumerate(wirings)
    )


def person_of(
    preset: str | SubjectParams, seed: int, program: Program, n_muscles: int
) -> SubjectParams:
    """Return who lies on the rig: with several muscles if the program looks at them."""
    person = subject_params(preset, seed) if isinstance(preset, str) else preset
    return with_muscles(person, n_muscles, seed) if program.has_muscles else person


def line_of(wirings: tuple[Wiring, ...]) -> StimulationLine:
    """Return the line from these channels to the subject."""
    felt = tuple(_FELT.get(one.modality, FeltModality.EMS) for one in wirings)
    return StimulationLine(felt)


def beside_of(program: Program) -> StimulationLine | None:
    """Return what reaches the subject instead of an output: a screen, or hands."""
    if program.feedback is not None:
        return StimulationLine(FeltModality.BIOFEEDBACK)
    if program.release is not None and not program.actuates:
        return StimulationLine(FeltModality.PRESSURE)
    return None


def speakers_of(
    program: Program, options: RigOptions, beside: StimulationLine | None
) -> tuple[Speaker, ...]:
    """Return who says something: the person, and a therapist who presses."""
    speakers: list[Speaker] = [Button()] if options.speaks else []
    if program.release is not None and beside is not None:
        speakers.append(Therapist(beside, program.release.discomfort_nrs))
    return tuple(speakers)


def engine_params(
    program: Program,
    gate: Gate,
    options: RigOptions,
    *,
    needs_journal: bool,
    muscles: tuple[tuple[str, int], ...],
) -> EngineParams:
    """Return what the engine of a rig in virtual time is told."""
    return EngineParams(
        "virtual",
        "emg",
        "",
        {program.name: program},
        gate,
        output_channel=0,
        needs_journal=needs_journal,
        safety=options.safety,
        subjects=options.subjects,
        staged=options.subjects is not None,
        watched=options.watched,
        output_labels=tuple(c.label for c in output_channels(gate.wiring)),
        muscles=muscles,
    )
