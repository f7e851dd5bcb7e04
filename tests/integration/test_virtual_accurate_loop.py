"""The loop with the accurate chain: a stimulated subject is measured, and relaxes."""

from dataclasses import replace

import numpy as np
import pytest

from service.config.treatment import DisturbanceConfig
from service.messages import OpenSession
from tests.support.virtual_rig import RigOptions, VirtualRig, demo_program

ENDED = {"done", "fault"}


@pytest.mark.parametrize(
    "treatment",
    [
        DisturbanceConfig(),
        DisturbanceConfig(artifact="off_windows"),
        DisturbanceConfig(artifact="template", heart="template"),
    ],
    ids=lambda t: f"{t.artifact}-{t.heart}",
)
def test_a_responder_reaches_the_threshold(treatment: DisturbanceConfig) -> None:
    rig = VirtualRig(options=RigOptions(treatment=treatment))
    rig.open()

    rig.run(lambda r: r.phase in ENDED)

    session = rig.state.session
    assert session is not None
    assert session.outcome == "reached", session.cause
    assert session.final_pct_mvc < session.threshold_pct_mvc
    assert rig.source.tone_pct_mvc < session.threshold_pct_mvc
    phases = [e.detail["to"] for e in rig.events if e.kind == "phase"]
    assert "holding" not in phases, "pulses are no reason to hold"


def errors_pct_mvc(treatment: DisturbanceConfig | None) -> list[float]:
    """Return shown minus true tension of every unflagged state under stimulation."""
    rig = VirtualRig(options=RigOptions(treatment=treatment))
    rig.open()
    found = []

    def note(r: VirtualRig) -> bool:
        shown = r.state.channels[0]
        on = any(r.role.state().amplitudes) and r.phase == "treating"
        if on and not shown.quality and shown.tension_pct_mvc is not None:
            newest = list(r.source.truth)[-32:]
            true = np.mean([t.tone_pct_mvc.mean() for t in newest])
            found.append(shown.tension_pct_mvc - true)
        return r.phase in {"weaning", *ENDED}

    rig.run(note)
    return found


def test_under_stimulation_the_tension_is_that_of_the_muscle() -> None:
    plain = np.abs(errors_pct_mvc(None))
    cleaned = np.abs(errors_pct_mvc(DisturbanceConfig()))

    assert np.median(plain) > 10.0, "without treatment the artifact is what is seen"
    assert len(cleaned) > 0.5 * len(plain), "most of it can be measured"
    assert np.median(cleaned) < 1.5
    assert np.percentile(cleaned, 90) < 4.0


def test_an_off_part_too_short_for_the_delay_is_refused() -> None:
    program = demo_program()
    short = replace(program, bout=replace(program.bout, on_s=2.0, off_s=1.35))
    heart = DisturbanceConfig(heart="template")
    plain = VirtualRig(program=short)
    treated = VirtualRig(program=short, options=RigOptions(treatment=heart))

    plain.open()
    reply = treated.engine.request(OpenSession(program=short.name))

    assert reply.kind == "bad_request"
    assert "bout.off_s is 1.35 s" in reply.refused
