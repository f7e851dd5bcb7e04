"""The true engine and the true output role in one process, in virtual time."""

from service.rehearsal.virtual import SCRIPT, Demands, VirtualRig, demo_program

__all__ = ["SCRIPT", "Demands", "VirtualRig", "demo_program"]
