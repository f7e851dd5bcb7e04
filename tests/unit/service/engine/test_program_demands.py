"""What a program demands of the operator beyond what every session does."""

from dataclasses import replace

from service.core.arming import CHECKLIST, Safety
from service.core.plans import AssessPlan, Measure
from tests.support.virtual_rig import SCRIPT, RigOptions, VirtualRig, demo_program

SITE = "trapezius_upper"
EXTRA = (("no_fever", "no fever"),)
ASKED = AssessPlan((Measure.TENSION_PCT_MVC, Measure.PAIN_NRS), wait_s=5.0)


def test_arming_confirms_the_contraindications_of_the_program_too() -> None:
    program = replace(demo_program(), contraindications=EXTRA)
    rig = VirtualRig(program=program, options=RigOptions(Safety(True, True, SITE)))
    rig.open()
    rig.run(lambda r: r.phase == "ready", script={"checking": "calibrate"})

    def arm(*confirmed):
        end_s = rig.clock.now_s() + 5.2
        while rig.clock.now_s() < end_s:
            token = rig.ask("press").token
            rig.step()
        told = {"token": token, "operator": "A", "site": SITE, "confirmed": confirmed}
        return rig.ask("arm", **told).refused

    assert arm(*CHECKLIST) == "not confirmed: no fever"
    assert arm("no_fever", *list(CHECKLIST)[1:]).startswith("not confirmed: no pacem")
    assert arm("no_fever", *CHECKLIST) == ""


def reassessing(wait_s: float = ASKED.wait_s) -> VirtualRig:
    program = demo_program(treatment_s=1.0, reassess_s=2.0)
    program = replace(program, assess=replace(ASKED, wait_s=wait_s))
    rig = VirtualRig(program=program, recorded=True)
    rig.open()
    rig.run(lambda r: r.phase == "ready", script={"checking": "calibrate"})
    assert rig.ask("assess", measure="pain_nrs", value=6.0).refused == ""
    rig.run(lambda r: r.phase == "treating", script=SCRIPT)
    assert "not possible" in rig.ask("assess", measure="pain_nrs", value=1.0).refused
    rig.run(lambda r: r.phase == "reassessing", script={})
    return rig


def test_the_reassessment_waits_for_what_is_missing_and_compares() -> None:
    rig = reassessing()
    rig.pass_time(3.0)
    assert rig.phase == "reassessing"

    assert "10" in rig.ask("assess", measure="pain_nrs", value=11.0).refused
    assert rig.ask("assess", measure="pain_nrs", value=1.0).refused == ""
    rig.pass_time(0.1)

    assert rig.phase == "done"
    (compared,) = (r.body for r in rig.records if r.kind == "comparison")
    expected = {"measure": "pain_nrs", "before": 6.0, "after": 1.0}
    assert compared == {**expected, "beyond_error": True}
    assert rig.state.session is not None
    assert rig.state.session.measures[0].after == 1.0


def test_the_reassessment_does_not_wait_for_ever() -> None:
    rig = reassessing()
    began_s = rig.clock.now_s()

    rig.run(lambda r: r.phase == "done", 10, script={})

    assert 6.9 < rig.clock.now_s() - began_s < 7.2
    (compared,) = (r.body for r in rig.records if r.kind == "comparison")
    assert (compared["before"], compared["after"]) == (6.0, None)
