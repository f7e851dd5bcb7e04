"""Bugs that a campaign of faults has to find: each takes one guard away."""

import math

import pytest
from msgspec.structs import replace as replace_struct

from drivers.outputs.simulated import SimulatedOutput
from service.core import actuators, decide, permits, slew, treatment, watch
from service.core.state import Session
from service.engine.records import Recording
from service.output.role import OutputRole
from service.recorder.recorder import Recorder


def ignore_expiry(patch: pytest.MonkeyPatch) -> None:
    """Let the output obey a permit for ever."""
    patch.setattr(OutputRole, "_has_expired", lambda _self: False)


def believe_old_permits(patch: pytest.MonkeyPatch) -> None:
    """Let permits live for too long."""
    late = property(lambda claim: claim.issued_ns + 1_500_000_000)
    patch.setattr(permits.Claim, "expires_ns", late)


def ignore_staleness(patch: pytest.MonkeyPatch) -> None:
    """Let EMG be as old as it likes."""
    said = watch.emg_trouble

    def blind(session):
        trouble = said(session)
        return "" if trouble == "stale" else trouble

    patch.setattr(watch, "emg_trouble", blind)


def ignore_quality(patch: pytest.MonkeyPatch) -> None:
    """Take bad EMG for good."""
    patch.setattr(watch, "is_bad", lambda _session, _sample: False)


def ignore_stop(patch: pytest.MonkeyPatch) -> None:
    """Let the device confirm a stop that it does not make."""
    patch.setattr(SimulatedOutput, "stop", lambda self: self._reply())


def jump(patch: pytest.MonkeyPatch) -> None:
    """Forget the limit of the slew."""
    patch.setattr(slew.Established, "ceiling", lambda *_: 1000.0)


def ignore_errors_of_the_disk(patch: pytest.MonkeyPatch) -> None:
    """Let the recorder say that all is well."""
    said = Recorder.state
    patch.setattr(
        Recorder, "state", lambda self: replace_struct(said(self), ok=True, why="")
    )


def ignore_the_limit(patch: pytest.MonkeyPatch) -> None:
    """Let the engine ask for more than it may."""
    said = actuators.drive_ceilings

    def deaf(*asked):
        ceilings = said(*asked)
        return {why: c for why, c in ceilings.items() if "amplitude" not in why}

    patch.setattr(decide, "drive_ceilings", deaf)
    patch.setattr(treatment, "drive_ceilings", deaf)


def say_nothing(patch: pytest.MonkeyPatch) -> None:
    """Keep no record of anything."""
    patch.setattr(Recording, "note", lambda *_: None)


def forget_the_operator(patch: pytest.MonkeyPatch) -> None:
    """Forget the bound that the operator has set."""
    unbound = property(lambda _session: math.inf, lambda _session, _bound: None)
    patch.setattr(Session, "operator_bound", unbound)
