"""The loop with the accurate chain: a stimulated subject is measured, and relaxes."""

from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from service.config.treatment import DisturbanceConfig
from service.messages import OpenSession
from service.rehearsal.options import RigOptions
from service.rehearsal.virtual import VirtualRig, demo_program

ENDED = {"done", "fault"}
CLEANED = DisturbanceConfig()
#: Errors are compared over so much of each treatment: the level rises all the time.
COMPARED_S = 85.0


@dataclass
class Played:
    """A session, and shown minus true tension of its unflagged states when on."""

    rig: VirtualRig
    errors_pct_mvc: list[float] = field(default_factory=list)

    def note(self, rig: VirtualRig) -> None:
        shown = rig.state.channels[0]
        on = any(rig.role.state().amplitudes) and rig.phase == "treating"
        due = self.treated_s <= COMPARED_S
        if on and due and not shown.quality and shown.tension_pct_mvc is not None:
            newest = list(rig.source.truth)[-32:]
            true = np.mean([t.tone_pct_mvc.mean() for t in newest])
            self.errors_pct_mvc.append(shown.tension_pct_mvc - true)

    @property
    def treated_s(self) -> float:
        treatment = self.rig.engine.session.treatment
        return self.rig.clock.now_s() - treatment.started_s if treatment else 0.0


def played(treatment: DisturbanceConfig | None, *, to_the_end: bool) -> Played:
    watched = treatment in {None, CLEANED}
    options = RigOptions(treatment=treatment, watched=watched)
    session = Played(VirtualRig(options=options))
    session.rig.open()

    def is_over(rig: VirtualRig) -> bool:
        if watched:
            session.note(rig)
        enough = not to_the_end and session.treated_s > COMPARED_S
        return rig.phase in ENDED or enough

    session.rig.run(is_over)
    return session


@pytest.fixture(scope="module")
def cleaned() -> Played:
    return played(CLEANED, to_the_end=True)


def assert_reached(rig: VirtualRig) -> None:
    session = rig.engine.session
    assert session is not None
    threshold_pct_mvc = rig.program.success.threshold_pct_mvc
    assert session.outcome == "reached", session.cause
    assert session.final_pct_mvc < threshold_pct_mvc
    assert rig.source.tone_pct_mvc < threshold_pct_mvc
    phases = [e.detail["to"] for e in rig.events if e.kind == "phase"]
    assert "holding" not in phases, "pulses are no reason to hold"


def test_a_responder_reaches_the_threshold(cleaned: Played) -> None:
    assert_reached(cleaned.rig)
    shown = cleaned.rig.state.session
    assert shown.outcome == "reached"
    assert shown.final_pct_mvc < shown.threshold_pct_mvc


@pytest.mark.parametrize(
    "treatment",
    [
        DisturbanceConfig(artifact="off_windows"),
        DisturbanceConfig(artifact="template", heart="template"),
    ],
    ids=lambda t: f"{t.artifact}-{t.heart}",
)
def test_other_methods_let_a_responder_reach_it(treatment: DisturbanceConfig) -> None:
    rig = played(treatment, to_the_end=True).rig

    assert_reached(rig)
    assert rig.phase == "done"


def test_under_stimulation_the_tension_is_that_of_the_muscle(cleaned: Played) -> None:
    plain = np.abs(played(None, to_the_end=False).errors_pct_mvc)
    cleaned = np.abs(cleaned.errors_pct_mvc)

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
