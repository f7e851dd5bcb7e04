"""The engine as a process: sources opened, threads started, one loop."""

import gc
from pathlib import Path

from drivers.clock import utc_now
from drivers.ports import EmgSource
from service.bus import Bus, send
from service.config.rig import RigConfig
from service.core.arming import Safety
from service.engine.engine import TICK_S, Engine
from service.engine.feed import Feed
from service.engine.inbox import Inbox, Letter, Request, ThreadFailed
from service.engine.opening import EngineParams
from service.engine.references import ReferenceDesk, unix_now
from service.errors import ConfigError
from service.messages import (
    Message,
    OpenSession,
    Permit,
    Record,
    Reply,
    SessionCommand,
    UnlockStage,
)
from service.references import ReferenceStore
from service.role import Context, Snapshot
from service.subjects import SubjectStore
from service.wiring.outputs import make_gate
from service.wiring.sources import electrodes, make_markers, make_source

SECONDS_PER_HOUR = 3600.0


def run(context: Context) -> None:
    """Open every source, then decide until the parent ends."""
    rig = context.snapshot.rig
    params = engine_params(context.snapshot)
    window_s = params.programs[rig.control.program].window_s
    sources: list[EmgSource] = []
    feeds: list[Feed] = []
    inbox = Inbox()
    try:
        for config in rig.sources:
            source = make_source(config, context.clock)
            sources.append(source)
            info = source.open()
            feeds.append(
                Feed(config.name, info, config.filter, window_s, config.treatment)
            )
        if rig.markers is not None:
            sources.append(make_markers(rig.markers))
            sources[-1].open()
        _check_channel(params, feeds)
        engine = _connect(context, params, feeds)
        inbox.listen(context.bus, context.endpoints)
        context.pulse.beat(ready=True)
        if context.lifeline.await_begin():
            inbox.read(sources)
            _loop(context, engine, inbox)
    finally:
        inbox.close()
        for source in sources:
            source.close()


def engine_params(snapshot: Snapshot) -> EngineParams:
    """Return what the engine is told; raise `ConfigError` if it cannot be."""
    rig = snapshot.rig
    if rig.control.program not in snapshot.programs:
        known = ", ".join(snapshot.programs)
        msg = f"control.program: expected one of {known}, got {rig.control.program!r}"
        raise ConfigError(msg)
    labels = [channel.label for channel in rig.output.channels]
    wanted = rig.control.output_channel
    actuated = labels.index(wanted) if wanted else 0
    return EngineParams(
        rig=rig.rig.name,
        control_source=rig.control.source,
        control_channel=rig.control.channel,
        programs=snapshot.programs,
        gate=make_gate(rig),
        output_channel=actuated,
        output_labels=tuple(labels),
        muscles=tuple(
            (muscle.channel, labels.index(muscle.output_channel))
            for muscle in rig.control.muscles
        ),
        safety=Safety(
            ceremony=rig.demands("ceremony"),
            presence=rig.demands("presence"),
            site=rig.output.channels[actuated].site,
        ),
        subjects=SubjectStore(Path(rig.data.folder) / "subjects", utc_now),
        staged=rig.demands("staged_unlock"),
    )


def _check_channel(params: EngineParams, feeds: list[Feed]) -> None:
    labels = next(f.labels for f in feeds if f.name == params.control_source)
    wanted = params.control_channel
    if wanted and wanted not in labels:
        msg = (
            f"control.channel: expected a label of source {params.control_source!r} "
            f"({', '.join(labels)}), got {wanted!r}"
        )
        raise ConfigError(msg)


def _connect(context: Context, params: EngineParams, feeds: list[Feed]) -> Engine:
    bus: Bus = context.bus
    permits = bus.permits_out()
    live = bus.publisher(context.endpoints.live)
    records = bus.records_out()

    def permit(message: Permit) -> None:
        send(permits, message)

    def tell(message: Message) -> None:
        # A record that finds no place is missed by the recorder, which counts them.
        send(records if isinstance(message, Record) else live, message)

    references = _references(context.snapshot.rig)
    return Engine(params, feeds, context.clock, permit, tell, references)


def _references(rig: RigConfig) -> ReferenceDesk:
    return ReferenceDesk(
        ReferenceStore(Path(rig.data.folder) / "references"),
        unix_now,
        rig.calibration.reference_max_age_h * SECONDS_PER_HOUR,
        electrodes(rig.sources),
    )


def _loop(context: Context, engine: Engine, inbox: Inbox) -> None:
    # What was built so far lives as long as the process: no collection looks at it
    # again, and those of young objects stay short.
    gc.collect()
    gc.freeze()
    try:
        while not context.lifeline.has_ended:
            context.pulse.beat()
            letter = inbox.get(TICK_S)
            if letter is not None:
                _deliver(engine, letter)
            engine.tick()
    finally:
        engine.close()


def _deliver(engine: Engine, letter: Letter) -> None:
    match letter:
        case ThreadFailed(error=error):
            raise error
        case Request(
            message=OpenSession() | SessionCommand() | UnlockStage() as message
        ):
            letter.reply(engine.request(message))
        case Request(message=message):
            why = f"not a request to the engine: {type(message).__name__}"
            letter.reply(Reply(refused=why, kind="bad_request"))
        case _:
            engine.handle(letter)
