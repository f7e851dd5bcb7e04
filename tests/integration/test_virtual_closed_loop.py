"""The session against the simulated subject, in one process and in virtual time."""

from dataclasses import replace

import pytest

from drivers.clock import ManualClock
from drivers.outputs.simulated import SimulatedOutput
from drivers.ports import ChannelCommand
from drivers.sources.simulated import SimulatedSource
from drivers.subject.person import Task as SubjectTask
from drivers.subject.presets import subject_params
from drivers.subject.stimulation import StimulationLine
from drivers.subject.subject import SimulatedSubject
from dsp import ChainParams, EmgChain
from dsp.types import Chunk, QualityFlag
from service.core.decide import decide
from service.core.limits import Quantity, compiled_limits, tighten
from service.core.model import (
    Command,
    Outcome,
    Phase,
    ReadbackSeen,
    Sample,
    SampleArrived,
    SourceOpened,
    Verb,
)
from service.core.program import CalibrationPlan, Program, Timing
from service.core.session import reduce
from service.core.state import Session, Setup
from tests.support.sites import ONE_SITE

FS = 2048.0
MAX_AMPLITUDE_MA = 30.0


def setup() -> Setup:
    program = replace(
        Program(),
        max_amplitude=MAX_AMPLITUDE_MA,
        calibration=CalibrationPlan(
            rest_s=6, mvc_s=4, mvc_trials=1, relax_s=5, baseline_s=8
        ),
        timing=Timing(treatment_s=150, reassess_s=8),
    )
    limits = tighten(
        compiled_limits(), "program", {Quantity.AMPLITUDE_MA: MAX_AMPLITUDE_MA}
    )
    return Setup("virtual", program, limits, sites=ONE_SITE)


def run_session(preset: str, seed: int, longest_s: float = 400.0) -> Session:
    clock, line = ManualClock(), StimulationLine()
    subject = SimulatedSubject(subject_params(preset, seed), FS, 1, seed)
    source = SimulatedSource("emg", subject, clock, line)
    output = SimulatedOutput("stim", clock, line=line)
    source.open()
    output.open()
    chain = EmgChain(ChainParams(fs=FS, n_channels=1, mains_hz=50.0))
    session = Session(setup())
    for command in (Command(0.0, Verb.CONNECT), SourceOpened(0.0)):
        session, _ = reduce(session, command)
    sequence = 0
    wanted = {
        Phase.CHECKING: Verb.CALIBRATE,
        Phase.READY: Verb.ARM,
        Phase.ARMED: Verb.START,
    }
    while clock.now_s() < longest_s and session.phase not in {Phase.DONE, Phase.FAULT}:
        for chunk in source.poll(0.1):
            if not isinstance(chunk, Chunk):
                continue
            reading = chain.process(chunk.emg_uv)
            now_s = clock.now_s()
            sample = Sample(
                float(chunk.t_s[-1]),
                float(reading.rms_uv[0]),
                QualityFlag(int(reading.quality[0])),
            )
            session, notes = reduce(session, SampleArrived(now_s, sample))
            if session.phase in wanted:
                session, more = reduce(session, Command(now_s, wanted[session.phase]))
                notes = (*notes, *more)
            for note in notes:
                if note.kind == "prompt":
                    source.prompt(SubjectTask(str(note.detail["task"])))
            session, decision = decide(session)
            readback = output.read()
            if decision.active:
                sequence += 1
                command = ChannelCommand(decision.amplitude, 200.0, 4.0)
                readback = output.apply(sequence, [command], 0.3)
            elif readback.active:
                readback = output.stop()
            seen = ReadbackSeen(
                now_s, readback.active, max(readback.amplitudes), readback.fault
            )
            session, _ = reduce(session, seen)
    source.close()
    output.close()
    return session


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_responder_reaches_the_threshold(seed: int) -> None:
    session = run_session("responder", seed)

    assert session.calibration is not None
    assert session.calibration.baseline_pct_mvc > 8
    assert session.outcome is Outcome.REACHED, session.cause
    assert session.final_pct_mvc < 3.0
    assert session.treatment is not None
    assert 0 < session.treatment.peak <= MAX_AMPLITUDE_MA


def test_an_adverse_responder_is_let_go() -> None:
    session = run_session("adverse", 1)

    assert session.outcome is Outcome.ADVERSE, session.cause


def test_nobody_is_helped_who_does_not_respond() -> None:
    session = run_session("null", 1)

    assert session.outcome is Outcome.NOT_REACHED, session.cause
