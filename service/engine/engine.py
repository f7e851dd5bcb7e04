"""The engine: one thing after another from the inbox becomes a decision and a permit.

It has no thread and no socket: `run` feeds it, tests feed it by hand under a manual
clock. Everything that it says leaves through two functions, one for permits and one
for everything else.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace

from drivers.ports import (
    Clock,
    Discontinuity,
    Marker,
    SourceEnded,
    SourceEvent,
    SourceLost,
    SourceNotice,
    SourceRestored,
)
from dsp.types import Chunk
from service.core import model
from service.core.decide import NO_DECISION, decide
from service.core.model import (
    DEPENDENT_PHASES,
    PERMITTED_PHASES,
    Note,
    Phase,
    Verb,
)
from service.core.session import reduce
from service.core.state import Session
from service.engine.feed import Feed
from service.engine.latency import LatencyMeter
from service.engine.ledger import Ledger
from service.engine.marks import mark_of
from service.engine.observers import Observers
from service.engine.opening import EngineParams, plan_session
from service.engine.permits import PermitDesk, begins, pulse_rate_hz
from service.engine.records import Recording
from service.engine.references import ReferenceDesk
from service.engine.requests import (
    command_of,
    locked_until_s,
    misdirected,
    refusal,
    reply_to,
)
from service.engine.snapshot import channel_tensions, session_state
from service.errors import ConfigError
from service.messages import (
    Event,
    Message,
    OpenSession,
    OutputState,
    Permit,
    RecorderState,
    Reply,
    SessionCommand,
    State,
    UnlockStage,
)

#: A state is told this often, and on every event. A: 25 Hz for the eye.
TELL_EVERY_S = 0.04

#: Without news the session looks at the time this often.
TICK_S = 0.02

#: Kind of the notice that a source gives when clocks shifted against each other.
CLOCK_STEP = "clock_step"

NS = 1e-9
ENDED = frozenset({Phase.DONE, Phase.FAULT})

Item = SourceEvent | OutputState | RecorderState


#: What answers a decision: another one on each of them would never end.
ANSWERS = (model.ReadbackSeen, model.JournalSeen, model.MuscleResponse)


class Engine:
    """Sources in, permits out, and the session between them."""

    def __init__(
        self,
        params: EngineParams,
        feeds: Iterable[Feed],
        clock: Clock,
        permit: Callable[[Permit], None],
        tell: Callable[[Message], None],
        references: ReferenceDesk | None = None,
    ) -> None:
        self._params = params
        self._feeds = {feed.name: feed for feed in feeds}
        self._clock = clock
        self._permit = permit
        self._tell = tell
        self._latency = LatencyMeter()
        self._session: Session | None = None
        self._decision = NO_DECISION
        self._where = (params.control_source, 0)
        self._also: tuple[int, ...] = ()
        self._names = {"subject": "", "source": "", "channel": ""}
        self._task = ""
        self._output: OutputState | None = None
        self._desk = PermitDesk(len(params.gate.wiring))
        self._recording = Recording(tell, listened=params.watched)
        self._references = references or ReferenceDesk()
        self._observers = Observers(watched=params.watched)
        self._ledger = Ledger(params.subjects, self._tell_unsettled)
        self._fresh_t_s: float | None = None
        self._told_s = 0.0
        self._reduced_s = 0.0
        self._now_ns, self._now_s = 0, 0.0

    @property
    def session(self) -> Session | None:
        """The session that is open, or was last."""
        return self._session

    def request(self, request: OpenSession | SessionCommand | UnlockStage) -> Reply:
        """Answer an operator."""
        self._begin()
        if isinstance(request, OpenSession):
            return self._open(request)
        if isinstance(request, UnlockStage):
            return self._ledger.unlock(request)
        return self._command(request)

    def handle(self, item: Item) -> None:
        """Take in one thing that happened."""
        self._begin()
        match item:
            case Chunk():
                self._hear(item)
            case OutputState():
                self._see_output(item)
            case RecorderState():
                self._see_recorder(item)
            case Discontinuity():
                self._feeds[item.source].restart()
                self._tell_source(item.source, "discontinuity", item.reason)
            case SourceLost():
                self._lose(item.source, item.reason)
            case SourceEnded():
                self._lose(item.source, "the recording is at its end")
            case SourceRestored():
                self._restore(item)
            case SourceNotice():
                self._notice(item)
            case Marker():
                self._hear_marker(item)

    def tick(self) -> None:
        """Let time act, if nothing that concerns the session came for a while."""
        self._begin()
        if self._now_s - self._reduced_s >= TICK_S:
            self._reduce(model.TimePassed(self._now_s))

    def close(self) -> None:
        """End: a last permit that asks for zero."""
        self._begin()
        if self._session is not None and self._session.setup.program.actuates:
            zero = self._desk.issue(self._session, NO_DECISION, self._now_ns)
            self._permit(zero)

    def _begin(self) -> None:
        # One time for everything that follows from one item: the output computes the
        # same slew from ``issued_ns`` as the core did from ``now_s``.
        self._now_ns = self._clock.now_ns()
        self._now_s = self._now_ns * NS

    def _hear(self, chunk: Chunk) -> None:
        feed = self._feeds[chunk.source]
        feed.take(chunk)
        source, channel = self._where
        sample = feed.sample(channel) if feed.name == source else None
        if sample is not None:
            self._fresh_t_s = sample.t_s
            others = feed.samples(self._also)
            self._reduce(model.SampleArrived(self._now_s, sample, others))
            self._fresh_t_s = None
            self._observe(feed, sample)
        else:
            self._tell_state_if_due()

    def _observe(self, feed: Feed, sample: model.Sample) -> None:
        if (session := self._session) is None:
            return
        notes, seen = self._observers.hear(session, sample, feed, self._output)
        for note in notes:
            self._tell_note(note)
            self._recording.note(session, note)
        for event in seen:
            self._reduce(event)

    def _hear_marker(self, marker: Marker) -> None:
        self._tell_event(
            "marker", {"source": marker.source, "text": marker.text, "t": marker.t_s}
        )
        mark = mark_of(marker, self._session, self._now_s)
        if mark is not None:
            self._reduce(mark)

    def _lose(self, source: str, reason: str) -> None:
        self._tell_source(source, "source_lost", reason)
        if source in self._feeds:
            self._feeds[source].lose(reason)
        if source == self._where[0]:
            self._reduce(model.SourceLost(self._now_s, reason))

    def _notice(self, notice: SourceNotice) -> None:
        if notice.source in self._feeds:
            self._feeds[notice.source].notice = notice.text
        self._tell_source(notice.source, notice.kind, notice.text)
        is_step = notice.kind == CLOCK_STEP and notice.source == self._where[0]
        session = self._session
        if is_step and session is not None and session.phase in DEPENDENT_PHASES:
            # Ages before and after it cannot be compared: nothing was certain.
            self._feeds[notice.source].restart()
            self._reduce(model.FaultRaised(self._now_s, "emg_clock_step"))

    def _restore(self, event: SourceRestored) -> None:
        self._tell_source(event.source, "source_restored", event.reason)
        feed = self._feeds.get(event.source)
        if feed is not None:
            feed.restart()
            feed.connected, feed.notice = True, event.reason
        if event.source == self._where[0]:
            self._reduce(model.SourceOpened(self._now_s))

    def _see_output(self, state: OutputState) -> None:
        self._output = state
        self._expect_pulses()
        session = self._session
        if session is None:
            return
        stopped = state.stopped_ns >= self._desk.armed_ns
        if stopped and session.phase in PERMITTED_PHASES:
            self._reduce(model.Command(self._now_s, Verb.STOP))
        amplitude = max(state.amplitudes, default=0.0)
        if state.active and state.sequence < self._desk.sequence:
            # The device has not seen the newest permit: it may be about to rise.
            amplitude = max(amplitude, self._decision.amplitude)
        fault = state.fault
        self._reduce(model.ReadbackSeen(self._now_s, state.active, amplitude, fault))

    def _expect_pulses(self) -> None:
        rate_hz = pulse_rate_hz(self._session, self._decision, self._output)
        for feed in self._feeds.values():
            feed.expect_pulses(rate_hz)

    def _see_recorder(self, state: RecorderState) -> None:
        session = self._session
        if session is None:
            return
        why = state.why
        if not why and state.session_id != session.setup.session_id:
            why = "the recorder has not begun this session"
        self._reduce(model.JournalSeen(self._now_s, why))

    def _open(self, request: OpenSession) -> Reply:
        session = self._session
        if session is not None and session.phase not in {Phase.DONE, Phase.IDLE}:
            why = f"session {session.setup.session_id} is {session.phase}; end it first"
            return Reply(refused=why, kind="busy")
        source = self._params.control_source
        try:
            setup, channels = plan_session(self._params, self._feeds[source], request)
        except (ValueError, ConfigError) as error:
            return Reply(refused=str(error), kind="bad_request")
        if session is not None:
            setup = replace(setup, locked_until_s=locked_until_s(session))
        self._where, self._also = (source, channels[0]), channels[1:]
        label = setup.muscles[0]
        self._names = {"subject": request.subject, "source": source, "channel": label}
        self._task, self._decision = "", NO_DECISION
        self._latency.restart()
        self._session = Session(setup, now_s=self._now_s)
        self._recording.begin(self._session, self._names)
        feed = self._feeds[source]
        feed.measure_over(setup.program.window_s)
        self._references.begin(request, feed, label)
        self._observers.begin(feed, channels[0])
        self._reduce(model.Command(self._now_s, Verb.CONNECT))
        if feed.connected:
            self._reduce(model.SourceOpened(self._now_s))
        return Reply(session_id=setup.session_id)

    def _command(self, request: SessionCommand) -> Reply:
        session = self._session
        wrong = misdirected(request, session)
        if session is None or wrong is not None:
            return wrong or Reply()
        values = self._references.values(request)
        if isinstance(values, str):
            return refusal(session, values)
        arms = request.verb == Verb.ARM and session.phase is Phase.READY
        subject = self._names["subject"]
        why = self._ledger.reserve(session, subject) if arms else ""
        if why:
            return refusal(session, why)
        notes = self._reduce(command_of(request, self._now_s, values))
        if arms and self._session is not None and self._session.phase is Phase.READY:
            self._ledger.settle(self._session, subject)
        return reply_to(notes, self._session or session)

    def _reduce(self, event: model.Event) -> tuple[Note, ...]:
        is_answer = isinstance(event, ANSWERS)
        if not is_answer:
            self._reduced_s = self._now_s
        if self._session is None:
            self._tell_state_if_due()
            return ()
        before = self._session.phase
        self._recording.event(event, self._output)
        session, notes = reduce(self._session, event)
        if begins(before, session):
            self._desk.arm(self._now_ns)
        self._session = session
        if not is_answer or session.phase is not before:
            self._decide(session)
        if session.phase in ENDED and before not in ENDED:
            self._ledger.settle(session, self._names["subject"])
        for note in notes:
            self._tell_note(note)
            self._recording.note(session, note)
            if note.kind == "calibration":
                self._recording.reference(session, self._references.taken(session))
        if notes:
            self._tell_state()
        else:
            self._tell_state_if_due()
        return notes

    def _decide(self, session: Session) -> None:
        was_active = self._decision.active
        self._session, self._decision = decide(session)
        permit = None
        if self._decision.active or was_active:
            permit = self._desk.issue(session, self._decision, self._now_ns)
            self._permit(permit)
            self._expect_pulses()
        if self._decision.active and self._fresh_t_s is not None:
            self._latency.add(self._clock.now_s() - self._fresh_t_s)
        self._recording.decision(self._session, self._decision, permit)

    def _tell_note(self, note: Note) -> None:
        if note.kind == "prompt":
            self._task = str(note.detail["task"])
        elif note.kind == "phase":
            self._task = self._task if note.detail["to"] == "calibrating" else ""
        self._tell_event(note.kind, note.detail)

    def _tell_source(self, source: str, kind: str, text: str) -> None:
        self._tell_event(kind, {"source": source, "text": text})

    def _tell_unsettled(self, why: str) -> None:
        self._tell_event("subject_record", {"why": why})

    def _tell_event(self, kind: str, detail: model.Detail) -> None:
        session = self._session
        event = Event(
            t_s=self._now_s,
            kind=kind,
            session_id=session.setup.session_id if session else "",
            phase=session.phase.value if session else "",
            detail=detail,
        )
        self._tell(event)

    def _tell_state_if_due(self) -> None:
        if self._now_s - self._told_s >= TELL_EVERY_S:
            self._tell_state()

    def _tell_state(self) -> None:
        if not self._params.watched:
            return
        self._told_s = self._now_s
        session, feeds = self._session, self._feeds.values()
        status = self._references.status
        names = {**self._names, "task": self._task, "reference": status}
        shown = session_state(session, self._decision, names) if session else None
        self._tell(
            State(
                t_s=self._now_s,
                rig=self._params.rig,
                sources=tuple(feed.state(self._now_s) for feed in feeds),
                channels=channel_tensions(feeds, self._where, session),
                session=shown,
                latency=self._latency.state(),
                output=self._output,
                activity=self._observers.state(self._now_s),
            )
        )
