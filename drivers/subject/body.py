"""One person's answers to every modality but pulses, and the mechanisms they need."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from drivers.subject.contact import ContactParams, Massage, Pressure, Stretch
from drivers.subject.cramp import CrampParams
from drivers.subject.effect import Mechanism
from drivers.subject.fatigue import DEFAULT_FATIGUE, FatigueParams
from drivers.subject.learning import Biofeedback, LearningParams
from drivers.subject.mat import Mat, MatParams
from drivers.subject.needle import Needle, NeedleParams
from drivers.subject.outcomes import OutcomeParams
from drivers.subject.stimulation import Modality
from drivers.subject.vibration import Vibration, VibrationParams


@dataclass(frozen=True, slots=True)
class BodyParams:
    """The rest of one person. The default is an ordinary one."""

    contact: ContactParams = field(default_factory=ContactParams)
    vibration: VibrationParams = field(default_factory=VibrationParams)
    mat: MatParams = field(default_factory=MatParams)
    needle: NeedleParams = field(default_factory=NeedleParams)
    learning: LearningParams = field(default_factory=LearningParams)
    cramp: CrampParams = field(default_factory=CrampParams)
    fatigue: FatigueParams = DEFAULT_FATIGUE
    outcome: OutcomeParams = field(default_factory=OutcomeParams)


_MECHANISMS: dict[
    Modality, Callable[[BodyParams, float, np.random.Generator], Mechanism]
] = {
    Modality.MASSAGE: lambda body, dt_s, _: Massage(body.contact, dt_s),
    Modality.PRESSURE: lambda body, dt_s, _: Pressure(body.contact, dt_s),
    Modality.STRETCH: lambda body, dt_s, _: Stretch(body.contact, dt_s),
    Modality.VIBRATION: lambda body, dt_s, _: Vibration(body.vibration, dt_s),
    Modality.MAT: lambda body, dt_s, _: Mat(body.mat, dt_s),
    Modality.NEEDLE: lambda body, dt_s, rng: Needle(body.needle, dt_s, rng),
    Modality.BIOFEEDBACK: lambda body, dt_s, _: Biofeedback(body.learning, dt_s),
}


def mechanism(
    modality: Modality, body: BodyParams, dt_s: float, rng: np.random.Generator
) -> Mechanism:
    """Return how a modality acts on this person."""
    return _MECHANISMS[modality](body, dt_s, rng)
