"""The true engine and the true output role in one process, in virtual time."""

from service.rehearsal.options import RigOptions
from service.rehearsal.virtual import SCRIPT, VirtualRig, demo_program

__all__ = ["SCRIPT", "RigOptions", "VirtualRig", "demo_program"]
