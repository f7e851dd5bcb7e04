"""What a simulated subject hears over LSL: stimulation and prompts."""

import json
import logging
import math
from types import ModuleType
from typing import Any, Protocol

from drivers.errors import DriverConfigError, ProtocolError
from drivers.stimulation_wire import (
    HEADER,
    N_PER_OUTPUT,
    STREAM_TYPE,
    WireCommand,
    decode,
)
from drivers.subject.person import Task, task_of
from drivers.subject.stimulation import SILENCE, UNITS, Modality, Stimulation

MARKERS_TYPE = "Markers"
PROMPT_KIND = "prompt"
#: What an operator who needles sends at every insertion.
INSERTION_KIND = "insertion"
#: What biofeedback shows, told once a second.
FEEDBACK_KIND = "feedback"
#: A screen that has not changed for so long is not believed to be on. A.
FEEDBACK_LASTS_S = 2.0
#: A screen that shows no success at all is not off.
LEAST_SUCCESS_PCT = 1.0
PERCENT = 100.0
#: Inlet buffer; for irregular streams liblsl counts it in hundreds of samples.
INLET_BUFFER = 10
MAX_SAMPLES_PER_PULL = 256
#: A stream whose connection broke is tried again after this long. A.
RETRY_S = 0.5

#: What hangs at an output that is described by these units.
MODALITY_OF_UNIT = {
    "mA": Modality.EMS,
    "mm": Modality.VIBRATION,
    "deg": Modality.STRETCH,
}
#: What a pressure is, unless the listener was told to be something that presses.
PLAIN_PRESSURE = Modality.PRESSURE

log = logging.getLogger(__name__)


class _Info(Protocol):
    def get_channel_units(self) -> list[str | None] | None: ...


class _Inlet(Protocol):
    def pull_chunk(
        self, timeout: float, max_samples: int
    ) -> tuple[list[list[Any]], list[float]]: ...

    def info(self, timeout: float) -> _Info: ...


class Subscription:
    """One stream by name and type, that may appear late, vanish and come back.

    Nothing here blocks: liblsl resolves in the background, and an inlet opens by
    itself after its first pull. With several matches the newest is taken.
    """

    def __init__(self, lsl: ModuleType, name: str, stream_type: str) -> None:
        if "'" in name:
            msg = f"stream name: expected no quotation mark, got {name!r}"
            raise DriverConfigError(msg)
        self._lsl = lsl
        predicate = f"name='{name}' and type='{stream_type}'"
        self._resolver = lsl.ContinuousResolver(pred=predicate)
        self._inlet: _Inlet | None = None
        self._uid = ""
        self._units: tuple[str, ...] | None = None
        self._lost_s: dict[str, float] = {}

    @property
    def is_connected(self) -> bool:
        """Whether the stream is there."""
        return self._inlet is not None

    def pull(self) -> list[list[Any]]:
        """Return the samples that have come since the last call, oldest first."""
        samples, _ = self.pull_stamped()
        return samples

    def pull_stamped(self) -> tuple[list[list[Any]], list[float]]:
        """Return samples as `pull` does, and when each was sent (LSL clock)."""
        inlet = self._inlet or self._connect()
        if inlet is None:
            return [], []
        try:
            return inlet.pull_chunk(0.0, MAX_SAMPLES_PER_PULL)
        except self._lsl.util.LostError:
            self._lost_s[self._uid] = self._lsl.local_clock()
            self._inlet = None
            return [], []

    def units(self) -> tuple[str, ...]:
        """Return the unit of every channel, nothing until the description is here.

        liblsl fetches it in the background from the first call on.
        """
        if self._units is None and self._inlet is not None:
            try:
                described = self._inlet.info(0.0).get_channel_units()
            except (self._lsl.util.TimeoutError, self._lsl.util.LostError):
                return ()
            self._units = tuple(unit or "" for unit in described or ())
        return self._units or ()

    def _connect(self) -> _Inlet | None:
        # A connection can break while its stream lives on: it is tried again.
        now_s = self._lsl.local_clock()
        found = [
            info
            for info in self._resolver.results()
            if now_s - self._lost_s.get(info.uid(), -RETRY_S) >= RETRY_S
        ]
        if not found:
            return None
        newest = max(found, key=lambda info: float(info.created_at()))
        self._uid = newest.uid()
        self._units = None
        # recover=False: liblsl's own recovery hides a loss from whoever must react.
        self._inlet = self._lsl.StreamInlet(newest, INLET_BUFFER, recover=False)
        return self._inlet


def modality_of(unit: str, told: Modality) -> Modality:
    """Return what hangs at an output of this unit.

    ``told`` is what the outputs actuate if their unit does not say so, and which of the
    things that press it is if the unit is kPa.
    """
    if unit == UNITS[PLAIN_PRESSURE]:
        return told if UNITS[told] == unit else PLAIN_PRESSURE
    return MODALITY_OF_UNIT.get(unit, told)


class StimulationListener:
    """The stimulator at the subject's skin: it outputs what the stream says.

    As the wire format demands it goes to zero after ``valid_until``, and at anything
    that it does not understand. Clocks are compared as they are, so sender and subject
    must run on one host. What an output actuates is what its unit says in the stream's
    description (`modality_of`), and otherwise ``modality``.
    """

    def __init__(
        self,
        lsl: ModuleType,
        name: str,
        output_index: int,
        modality: Modality = Modality.EMS,
        n_muscles: int = 1,
    ) -> None:
        self._subscription = Subscription(lsl, name, STREAM_TYPE)
        self._output_index = output_index
        self._modality = modality
        self._n_muscles = n_muscles
        self._command: WireCommand | None = None

    def at(self, local_clock_s: float) -> tuple[Stimulation, ...]:
        """Return the stimulation at this time of the LSL clock.

        From ``output_index`` on, pulses come from one output per muscle; everything
        else has a site per output.
        """
        for sample in self._subscription.pull():
            self._command = self._understand(sample)
        command = self._command
        if command is None or not command.is_valid_at(local_clock_s):
            return (SILENCE,)
        modalities = self._modalities(len(command.commands))
        felt, n_pulsed = [], 0
        for k in range(self._output_index, len(modalities)):
            is_pulsed = modalities[k] is Modality.EMS
            if is_pulsed and n_pulsed == self._n_muscles:
                continue
            n_pulsed += is_pulsed
            output = command.commands[k]
            felt.append(
                Stimulation(
                    output.amplitude,
                    output.frequency_hz,
                    output.pulse_width_us,
                    modalities[k],
                )
            )
        return tuple(felt)

    def _modalities(self, n_outputs: int) -> list[Modality]:
        units = self._subscription.units()[len(HEADER) :: N_PER_OUTPUT][:n_outputs]
        silent = ("",) * (n_outputs - len(units))
        return [modality_of(unit, self._modality) for unit in (*units, *silent)][
            :n_outputs
        ]

    def _understand(self, sample: list[float]) -> WireCommand | None:
        try:
            command = decode(sample)
        except ProtocolError as error:
            log.warning("%s: output is zero until the next command", error)
            return None
        if self._output_index >= len(command.commands):
            log.warning(
                "expected output %d, the stream has %d: output is zero",
                self._output_index,
                len(command.commands),
            )
            return None
        return command


class PromptListener:
    """The subject's ear for the prompts among the session's events."""

    def __init__(self, lsl: ModuleType, name: str) -> None:
        self._subscription = Subscription(lsl, name, MARKERS_TYPE)
        self._task = Task.RELAX
        #: The newest prompt in its own word, also one that is not for this person.
        self.word = ""
        self._screen: Stimulation | None = None
        self._screen_until_s = -math.inf
        self.n_insertions = 0

    def task(self) -> Task:
        """Return what the subject was last asked to do, and count the insertions."""
        samples, sent_s = self._subscription.pull_stamped()
        for sample, at_s in zip(samples, sent_s, strict=True):
            word = prompt_word(sample[0])
            if word is not None:
                self._task, self.word = task_of(word), word
            self.n_insertions += is_insertion(sample[0])
            event = _parse(sample[0])
            if event.get("kind") == FEEDBACK_KIND:
                self._screen = feedback_of(event.get("detail") or {})
                self._screen_until_s = at_s + FEEDBACK_LASTS_S
        return self._task

    def screen(self, local_clock_s: float) -> Stimulation | None:
        """Return the feedback that the subject sees now, None if there is none."""
        return self._screen if local_clock_s < self._screen_until_s else None


def _parse(text: str) -> dict[str, Any]:
    try:
        event = json.loads(text)
    except ValueError:
        return {}
    return event if isinstance(event, dict) else {}


def feedback_of(detail: dict[str, Any]) -> Stimulation | None:
    """Return what a feedback event lets a person see, None if it shows nothing."""
    share = detail.get("success_share")
    if not detail.get("shown") or not isinstance(share, int | float):
        return None
    level = max(LEAST_SUCCESS_PCT, PERCENT * share)
    return Stimulation(level, modality=Modality.BIOFEEDBACK)


def is_insertion(text: str) -> bool:
    """Return whether an event is the insertion of a needle."""
    return _parse(text).get("kind") == INSERTION_KIND


def prompt_word(text: str) -> str | None:
    """Return what a prompt event asks for, None for every other event."""
    event = _parse(text)
    if event.get("kind") != PROMPT_KIND:
        return None
    detail = event.get("detail")
    task = detail.get("task") if isinstance(detail, dict) else None
    return task if isinstance(task, str) else None
