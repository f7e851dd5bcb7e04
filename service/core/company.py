"""The company: muscles that are measured beside the first one.

They are calibrated with it and by the same prompts: while it rests, contracts and
relaxes, they do. Nothing here knows what is actuated.
"""

import math
from collections.abc import Sequence

from dsp.types import QualityFlag
from service.core.calibration import CalibrationRun, conclude
from service.core.evolve import evolve
from service.core.model import Note
from service.core.state import Member, Session, Treatment
from service.core.tone import Calibration

#: What helps a muscle whose calibration is refused.
TOGETHER = "one prompt is for all muscles: contract and relax them together, and repeat"


def why_not_given(session: Session, values: Sequence[float | None]) -> str:
    """Say why values of one muscle cannot replace recordings.

    Parameters
    ----------
    session : Session
        Knows how many muscles there are.
    values : sequence of float or None
        What was given in microvolt; None is nothing.

    Returns
    -------
    str
        Empty where they can: nothing was given, or there is one muscle only.
    """
    others = session.setup.muscles[1:]
    if not others or all(value is None for value in values):
        return ""
    return (
        "noise_uv and mvc_uv are those of one muscle, and without the recordings "
        f"nothing is known of {', '.join(others)}: record all (reference = measured)"
    )


def begin_following(session: Session, run: CalibrationRun) -> Session:
    """Begin to calibrate the company.

    Parameters
    ----------
    session : Session
        With its setup.
    run : CalibrationRun
        Of the first muscle, at its beginning.

    Returns
    -------
    Session
        With one run for each other muscle, and without what was known of them.
    """
    others = session.setup.muscles[1:]
    return evolve(session, following=(run,) * len(others), company=())


def follow(session: Session, first: CalibrationRun) -> Session:
    """Let the company follow the first muscle.

    Parameters
    ----------
    session : Session
        With the newest EMG of every muscle, at the same time as the first.
    first : CalibrationRun
        Of the first muscle, before it takes in its newest sample. It alone says
        which step is recorded and when that is over.

    Returns
    -------
    Session
        With what the others recorded. A run that does not get its EMG stands still
        and is refused in the end.
    """
    if len(session.others) != len(session.following):
        return session
    now_s, followed = session.now_s, []
    for run, sample in zip(session.following, session.others, strict=True):
        led = evolve(run, steps=first.steps, started_s=first.started_s)
        if first.interrupted:
            followed.append(led.repeated(now_s))
            continue
        led = led.recorded(sample)
        followed.append(led.advanced(now_s) if first.finished(now_s) else led)
    return evolve(session, following=tuple(followed))


def conclude_company(session: Session) -> tuple[Session, str]:
    """End the calibration of the company.

    Parameters
    ----------
    session : Session
        After the last step.

    Returns
    -------
    session : Session
        With a member per other muscle if all of them are accepted.
    why : str
        Otherwise which muscle is refused, and what to do; empty if none is.
    """
    members = []
    for label, run in zip(session.setup.muscles[1:], session.following, strict=True):
        result = conclude(run)
        if isinstance(result, str):
            return evolve(session, following=()), f"{label}: {result}; {TOGETHER}"
        members.append(Member(label, result))
    return evolve(session, following=(), company=tuple(members)), ""


def company_notes(session: Session) -> tuple[Note, ...]:
    """Return what is worth telling of a company that has been calibrated.

    Parameters
    ----------
    session : Session
        With its company.

    Returns
    -------
    tuple of Note
        One of kind ``company`` per muscle.
    """
    return tuple(
        Note(
            "company",
            {
                "muscle": member.label,
                "noise_uv": member.calibration.noise_uv,
                "mvc_uv": member.calibration.mvc_uv,
                "baseline_pct_mvc": member.calibration.baseline_pct_mvc,
                "warnings": "; ".join(member.calibration.warnings),
            },
        )
        for member in session.company
    )


def treatments_of(session: Session) -> tuple[Treatment, ...]:
    """Return the treatments of all muscles that have one.

    Parameters
    ----------
    session : Session
        At any time.

    Returns
    -------
    tuple of Treatment
        The first muscle's first; none before the treatment.
    """
    every = (session.treatment, *(member.treatment for member in session.company))
    return tuple(one for one in every if one is not None)


def calibrations_of(session: Session) -> tuple[Calibration, ...]:
    """Return the calibrations of all muscles.

    Parameters
    ----------
    session : Session
        At any time.

    Returns
    -------
    tuple of Calibration
        The first muscle's first; none before they are calibrated.
    """
    if session.calibration is None:
        return ()
    return (session.calibration, *(member.calibration for member in session.company))


def with_treatments(session: Session, treatments: tuple[Treatment, ...]) -> Session:
    """Return the session with other treatments.

    Parameters
    ----------
    session : Session
        With its company.
    treatments : tuple of Treatment
        One per muscle that is treated, the first one first.

    Returns
    -------
    Session
        Members beyond them are not treated.
    """
    first, *others = treatments
    company = tuple(
        evolve(member, treatment=own)
        for member, own in zip(session.company, others, strict=False)
    )
    kept = session.company[len(others) :]
    return evolve(session, treatment=first, company=(*company, *kept))


def treatment_of(session: Session, site: int) -> Treatment | None:
    """Return the treatment that an actuator belongs to.

    Parameters
    ----------
    session : Session
        At any time.
    site : int
        Which actuator.

    Returns
    -------
    Treatment or None
        That of its own muscle, or the first where all act on one muscle.
    """
    if site == 0:
        return session.treatment
    treatments = treatments_of(session)
    return treatments[site] if site < len(treatments) else session.treatment


def reassess_company(session: Session) -> Session:
    """Take in the newest EMG of the other muscles that were treated.

    Parameters
    ----------
    session : Session
        Reassessing, while the first muscle's EMG counts.

    Returns
    -------
    Session
        With one more value per member.
    """
    if len(session.others) != len(session.company):
        return session
    company = tuple(
        evolve(member, reassess_uv=(*member.reassess_uv, sample.rms_uv))
        if member.treatment is not None and not sample.quality & QualityFlag.DRIFT
        else member
        for member, sample in zip(session.company, session.others, strict=True)
    )
    return evolve(session, company=company)


def with_finals(session: Session) -> Session:
    """End the reassessment of the other muscles.

    Parameters
    ----------
    session : Session
        With what was recorded.

    Returns
    -------
    Session
        With the tone of each member that was treated.
    """
    company = tuple(
        evolve(
            member,
            final_pct_mvc=member.calibration.tone_pct_mvc(mean_rms(member.reassess_uv)),
        )
        if member.reassess_uv
        else member
        for member in session.company
    )
    return evolve(session, company=company)


def mean_rms(values_uv: Sequence[float]) -> float:
    """Return the RMS over several windows.

    Parameters
    ----------
    values_uv : sequence of float
        RMS of each, in microvolt; at least one.

    Returns
    -------
    float
        In microvolt.
    """
    return math.sqrt(math.fsum(uv * uv for uv in values_uv) / len(values_uv))
