"""Sessions of shipped programs, copied where a fault shall meet them."""

from dataclasses import replace
from functools import cache

from service.core.plans import Modality
from service.faults.prepared import Plan, Prepared, copy_of, open_rig, rehearsal_program
from service.program_files import shipped_programs
from service.rehearsal.options import PLAIN
from service.rehearsal.virtual import VirtualRig

#: Every shipped program that moves something, but for that of the demo.
ACTUATED = sorted(
    name
    for name, program in shipped_programs().items()
    if program.modality is not Modality.NONE and not name.endswith("-demo")
)

#: What an operator bounds a session to, and from where on it counts as on, as shares of
#: the amplitude of the program: it shall be on soon, and well below its own ceiling.
BOUND_SHARE, ON_SHARE = 0.15, 0.05
SEED, TREATMENT_S, LONGEST_S = 3, 200.0, 150.0

#: Off parts are copied this often: the last copy is of just before the actuator is on.
COPY_EVERY_S = 0.5


@cache
def moments(name: str) -> dict[str, Prepared]:
    """Return a session of a program while the actuator is on, and just before.

    The operator has bounded it; the device never expires by itself.
    """
    program = rehearsal_program(name, TREATMENT_S)
    whole = Plan(program, SEED, program.max_amplitude, expires=False)
    plan = replace(whole, limit=BOUND_SHARE * program.max_amplitude)
    rig, found = open_rig(whole, PLAIN), {}

    def is_on(rig: VirtualRig) -> bool:
        if rig.phase == "armed":
            key = f"amplitude_{plan.actuator.unit.lower()}"
            assert not rig.ask("limit", **{key: plan.limit}).refused
        most = max(rig.role.state().amplitudes)
        now_s = rig.clock.now_s()
        if rig.phase == "treating" and most == 0 and now_s >= found.get("due_s", 0.0):
            found["due_s"] = now_s + COPY_EVERY_S
            found["off"] = copy_of("treating-off", plan, rig)
        return most >= ON_SHARE * program.max_amplitude

    rig.run(is_on, LONGEST_S)
    return {"off": found["off"], "on": copy_of("treating-on", plan, rig)}
