"""What an operator does: calibrate, arm, start, hold, set a level, acknowledge."""

from fastapi import APIRouter, Request

from service.api.asking import checked, command, gateway_of
from service.api.models import (
    Amplitude,
    Arming,
    Checklist,
    Done,
    Mark,
    Measured,
    Pressed,
    RigFacts,
    StageChange,
    Stored,
)
from service.api.problems import Problem
from service.core.arming import CHECKLIST, HOLD_TO_ARM_S, SITES, TOKEN_LIFE_S
from service.core.model import Verb
from service.core.plans import Modality
from service.messages import SessionCommand, UnlockStage

router = APIRouter()


@router.get("/checklist")
async def checklist(request: Request, program: str = "") -> Checklist:
    """Return what is confirmed when a session is armed, and where electrodes may be.

    A program may ask for more than the list of every session that is armed; one that
    actuates nothing has only its own. Without a name: the rig's default program.
    """
    facts: RigFacts = request.app.state.facts
    wanted = program or facts.default_program
    for one in facts.programs:
        if one.name == wanted:
            compiled = {} if one.modality == Modality.NONE else CHECKLIST
            items = {**compiled, **one.contraindications}
            return Checklist(items=items, sites=dict(SITES))
    raise Problem(404, f"there is no program {wanted!r} on this rig")


@router.post("/sessions/{session_id}/calibrate")
async def calibrate(
    request: Request, session_id: str, body: Stored | None = None
) -> Done:
    """Begin the calibration; prompts come with the state and as events."""
    stored = body or Stored()
    message = SessionCommand(
        verb=Verb.CALIBRATE, session_id=session_id, **stored.model_dump()
    )
    return await command(request, message)


@router.post("/sessions/{session_id}/arm/press")
async def press(request: Request, session_id: str) -> Pressed:
    """Say that the button is held; say it again at least every second for 5 s."""
    message = SessionCommand(verb=Verb.PRESS, session_id=session_id)
    reply = checked(await gateway_of(request).ask_engine(message))
    return Pressed(
        token=reply.token,
        held_s=reply.held_s,
        needed_s=HOLD_TO_ARM_S,
        token_life_s=TOKEN_LIFE_S,
    )


@router.post("/sessions/{session_id}/arm")
async def arm(request: Request, session_id: str, body: Arming | None = None) -> Done:
    """Arm: EMG good, calibrated, output confirmed at zero, and the ceremony held."""
    with_it = body or Arming()
    message = SessionCommand(
        verb=Verb.ARM,
        session_id=session_id,
        token=with_it.token,
        operator=with_it.operator,
        site=with_it.site,
        confirmed=tuple(with_it.confirmed),
    )
    return await command(request, message)


@router.post("/sessions/{session_id}/leak")
async def leak(request: Request, session_id: str) -> Done:
    """Measure what stimulation leaves in the tension: armed only, it stimulates.

    The person rests while the intensity is stepped. ``session.leak`` says whether the
    artifact method may be believed.
    """
    message = SessionCommand(verb=Verb.LEAK, session_id=session_id)
    return await command(request, message)


@router.post("/sessions/{session_id}/present")
async def present(request: Request, session_id: str) -> Done:
    """Show that an operator is there: at least once a second while armed."""
    message = SessionCommand(verb=Verb.PRESENT, session_id=session_id)
    return await command(request, message)


@router.post("/sessions/{session_id}/start")
async def start(request: Request, session_id: str, body: Arming | None = None) -> Done:
    """Start the treatment, or resume it after a hold.

    A program that actuates nothing is not armed: what it asks to be confirmed comes
    with the start.
    """
    with_it = body or Arming()
    message = SessionCommand(
        verb=Verb.START,
        session_id=session_id,
        operator=with_it.operator,
        confirmed=tuple(with_it.confirmed),
    )
    return await command(request, message)


@router.post("/sessions/{session_id}/finish")
async def finish(request: Request, session_id: str) -> Done:
    """End the treatment now and reassess."""
    message = SessionCommand(verb=Verb.FINISH, session_id=session_id)
    return await command(request, message)


@router.post("/sessions/{session_id}/mark")
async def mark(request: Request, session_id: str, body: Mark | None = None) -> Done:
    """Mark a moment: while needling is observed, the insertion of a needle."""
    what = body or Mark()
    message = SessionCommand(
        verb=Verb.MARK, session_id=session_id, text=what.text, at_s=what.at_s
    )
    return await command(request, message)


@router.post("/sessions/{session_id}/hold")
async def hold(request: Request, session_id: str) -> Done:
    """Hold: output at zero until started again."""
    message = SessionCommand(verb=Verb.HOLD, session_id=session_id)
    return await command(request, message)


@router.post("/sessions/{session_id}/level")
async def level(request: Request, session_id: str, body: Amplitude) -> Done:
    """Set the level by hand, in the stages in which the loop may not raise it."""
    message = SessionCommand(
        verb=Verb.LEVEL, session_id=session_id, **body.model_dump()
    )
    return await command(request, message)


@router.post("/sessions/{session_id}/limit")
async def limit(request: Request, session_id: str, body: Amplitude) -> Done:
    """Bound the amplitude: lower at any time, at once; higher only while disarmed."""
    message = SessionCommand(
        verb=Verb.LIMIT, session_id=session_id, **body.model_dump()
    )
    return await command(request, message)


@router.post("/sessions/{session_id}/assess")
async def assess(request: Request, session_id: str, body: Measured) -> Done:
    """Enter an outcome measure: before the treatment, or while reassessing."""
    message = SessionCommand(
        verb=Verb.ASSESS, session_id=session_id, **body.model_dump()
    )
    return await command(request, message)


@router.post("/sessions/{session_id}/acknowledge")
async def acknowledge(request: Request, session_id: str) -> Done:
    """Acknowledge a fault whose cause is gone."""
    gateway = gateway_of(request)
    session = gateway.state.session if gateway.state else None
    if (
        session is not None
        and session.session_id == session_id
        and session.phase == "fault"
        and session.cause.startswith("output_")
    ):
        await gateway.clear_output_fault()
    message = SessionCommand(verb=Verb.ACKNOWLEDGE, session_id=session_id)
    return await command(request, message)


@router.post("/subjects/{subject}/stage")
async def unlock(request: Request, subject: str, body: StageChange) -> Done:
    """Let a subject go on to the next stage, or back to an earlier one."""
    message = UnlockStage(subject=subject, stage=body.stage, operator=body.operator)
    checked(await gateway_of(request).ask_engine(message))
    return Done(session_id="", done=f"stage {body.stage}")
