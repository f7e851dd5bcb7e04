"""What an operator sees of a pressure release."""

import math

from service.core.model import STIMULATING_PHASES
from service.core.release_look import look_of, run_of, site_label
from service.core.release_prompts import longest_s, pace_hz, text_of
from service.core.release_run import ReleaseStep
from service.core.release_steps import CALM_S, is_in_band
from service.core.state import Session
from service.program_states import ReleaseState


def release_state(session: Session) -> ReleaseState | None:
    """Return where a pressure release is; None where nothing is released now."""
    program = session.setup.program
    plan, treatment = program.release, session.treatment
    if plan is None or treatment is None or session.phase not in STIMULATING_PHASES:
        return None
    run = run_of(session)
    look = look_of(session, run)
    lasts_s = longest_s(plan, run.step, CALM_S + look.check_s)
    effort = run.step is ReleaseStep.EFFORT
    tone = look.tone_pct_mvc
    return ReleaseState(
        step=run.step.value,
        text=text_of(run.step, hands=not program.actuates),
        cycle=run.cycle,
        n_cycles=plan.cycles,
        left_s=max(0.0, lasts_s - (session.now_s - run.since_s)),
        site=site_label(session, run),
        pressed_kpa=None if math.isnan(look.pressed_kpa) else look.pressed_kpa,
        discomfort_nrs=None if math.isnan(run.nrs) else run.nrs,
        sound_hz=pace_hz(plan, tone) if effort else 0.0,
        in_band=is_in_band(plan, tone) if effort else None,
        in_band_s=run.in_band_s if effort else None,
        effort_s=plan.effort_s,
    )
