"""What reaches the skin, and the line that carries it inside one process."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Stimulation:
    """One train of biphasic pulses; amplitude 0 or frequency 0 is silence."""

    amplitude_ma: float = 0.0
    frequency_hz: float = 0.0
    pulse_width_us: float = 0.0

    @property
    def is_on(self) -> bool:
        """Whether pulses come at all."""
        return min(self.amplitude_ma, self.frequency_hz, self.pulse_width_us) > 0.0


SILENCE = Stimulation()


class StimulationLine:
    """The wire between a simulated output and a simulated subject in one process.

    Like the real wire it carries a command only as long as that is valid.
    """

    def __init__(self) -> None:
        self._stimulation = SILENCE
        self._valid_until_s = 0.0

    def put(self, stimulation: Stimulation, valid_until_s: float) -> None:
        """Replace what is on the line until ``valid_until_s``."""
        self._stimulation = stimulation
        self._valid_until_s = valid_until_s

    def cut(self) -> None:
        """Silence the line at once."""
        self._stimulation = SILENCE

    def at(self, t_s: float) -> Stimulation:
        """Return what is on the line at ``t_s``."""
        return self._stimulation if t_s < self._valid_until_s else SILENCE
