"""What a virtual rig is built with beyond its person and its program."""

from dataclasses import dataclass, field

from service.config.treatment import DisturbanceConfig
from service.core.arming import Safety
from service.engine.references import ReferenceDesk
from service.subjects import SubjectStore


@dataclass(frozen=True, slots=True)
class RigOptions:
    """What a rig demands, where it remembers subjects, how it cleans the signal.

    A rig that nobody watches makes no states, records and activity. A person who
    ``speaks`` has a button in the hand.
    """

    safety: Safety = field(default_factory=Safety)
    subjects: SubjectStore | None = None
    treatment: DisturbanceConfig | None = None
    references: ReferenceDesk | None = None
    watched: bool = True
    speaks: bool = False


PLAIN = RigOptions()
