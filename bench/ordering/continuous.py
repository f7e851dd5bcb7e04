"""The loops under continuous stimulation, on the equations of the subjects alone.

The expected figures came about like this: pulses without pause up to what a person
tolerates, and a tone that is known while they come. Laws, guards on the response,
evidence of relaxation, weaning and people are those of a rig. Electrodes, calibration,
bouts, output and the limit on the on-time are not there.
"""

import math
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from typing import Any

import numpy as np

from bench.ordering.runs import (
    ADVERSE,
    ADVERSE_TONIC,
    GUARDED,
    RESPONDERS,
    STEP,
    TREATMENT_S,
    WEAK,
    Cells,
    cells_of,
)
from drivers.subject.person import Person
from drivers.subject.stimulation import SILENCE, Stimulation
from drivers.subject.tone import TONE_STEP_S
from service.core.control import Level, wean
from service.core.judging import NEAR_RATIO, STRIKE_RATIO
from service.core.laws.dead_band import DeadBandLaw
from service.core.laws.integral import IntegralLaw
from service.core.laws.protocol import Law, Observation
from service.core.model import Outcome
from service.core.program import ResponsePlan, Success
from service.core.response import Response
from service.core.thresholds import TOLERANCE_RATIO
from service.core.tone import UPDATE_S, Calibration, Relaxation
from service.core.treatment import NEVER_HELPED, NO_BENEFIT, ROSE, TIME_IS_OVER, WEANED
from service.trial.arms import NAIVE, NAIVE_OPEN_LOOP, OPEN_LOOP_SHARE, ConstantLaw
from service.trial.plan import draw_person
from service.trial.result import Result

FREQUENCY_HZ = 5.0  # R: continuous at 5 Hz or less
PULSE_WIDTH_US = 200.0  # R: 100-300; thresholds are stated for it
WINDOW_S = 5.0  # tone is judged by the median of so long
BASELINE_S = 20.0  # A: 20-60
WEAN_MA_PER_S = 0.15  # A
TENSION_SD = 0.05  # A: of the estimate in 1 s
RMS_UPDATES = round(1.0 / UPDATE_S)
SUBSTEPS = round(UPDATE_S / TONE_STEP_S)
WINDOW_UPDATES = round(WINDOW_S / UPDATE_S)
PLAN, SUCCESS = ResponsePlan(), Success()


@dataclass(frozen=True, slots=True)
class Loop:
    """A law, the share of the tolerance that it may give, and whether it is guarded."""

    name: str
    law: Law[Any]
    share: float
    guarded: bool = True


#: A: gains of an integral are 0.02-0.05 mA/s per %MVC, and whoever takes care rises by
#: 0.5 mA/s at most. What nobody guards is held back by the slew limit alone.
GAIN, CAREFUL_MA_PER_S, SLEW_MA_PER_S = 0.05, 0.5, 1.0
LOOPS = (
    Loop(
        NAIVE_OPEN_LOOP,
        ConstantLaw(level_ma=math.inf, up_ma_per_s=SLEW_MA_PER_S),
        OPEN_LOOP_SHARE,
        guarded=False,
    ),
    Loop(
        NAIVE,
        IntegralLaw(gain_ma_per_s_per_pct=GAIN, up_ma_per_s=SLEW_MA_PER_S),
        1.0,
        guarded=False,
    ),
    Loop(STEP, DeadBandLaw(), TOLERANCE_RATIO),
    Loop(
        GUARDED,
        IntegralLaw(gain_ma_per_s_per_pct=GAIN, up_ma_per_s=CAREFUL_MA_PER_S),
        TOLERANCE_RATIO,
    ),
)
HARM = tuple(loop for loop in LOOPS if loop.name in {NAIVE, GUARDED})
CELLS = ((RESPONDERS, LOOPS), (WEAK, HARM), (ADVERSE, HARM), (ADVERSE_TONIC, HARM))


class Course:
    """One person in one loop, from the begin of the stimulation on."""

    def __init__(self, cohort: str, seed: int, loop: Loop) -> None:
        params = draw_person(cohort, seed).person
        self._noise, own = np.random.default_rng(seed).spawn(2)
        self._person = Person(params, own, TONE_STEP_S)
        self._person.tense_up()
        self._loop = loop
        self._cap = loop.share * params.recruitment.tolerance_ma
        self._true: deque[float] = deque(maxlen=RMS_UPDATES)
        self._read: deque[float] = deque(maxlen=RMS_UPDATES)
        self._now_s = -BASELINE_S
        self._law_state = loop.law.start()
        self._response, self._relaxation = Response(), Relaxation()
        self._is_weaning = False
        self.level, self.dose, self.peak = Level(), 0.0, 0.0
        self.reached_s: float | None = None
        tones = [self._tension() for _ in range(round(BASELINE_S / UPDATE_S))]
        seconds = tones[RMS_UPDATES - 1 :: RMS_UPDATES]
        baseline, spread = float(np.mean(tones)), float(np.std(seconds))
        self._calibration = Calibration(1.0, 400.0, baseline, spread)
        self.peak = 0.0

    @property
    def peak_ratio(self) -> float:
        """Highest true tone over a second, as a multiple of the baseline."""
        return self.peak / self._calibration.baseline_pct_mvc

    def _tension(self) -> float:
        """Let the person live on; return the tone of the last second, as estimated."""
        ma = self.level.amplitude
        pulses = Stimulation(ma, FREQUENCY_HZ, PULSE_WIDTH_US) if ma > 0.0 else SILENCE
        tones = [self._person.advance(pulses, 0.0) for _ in range(SUBSTEPS)]
        true = math.fsum(tones) / SUBSTEPS
        spread = TENSION_SD * math.sqrt(RMS_UPDATES) * self._noise.standard_normal()
        self._true.append(true)
        self._read.append(true * (1.0 + spread))
        self.peak = max(self.peak, math.fsum(self._true) / len(self._true))
        self.dose += ma * UPDATE_S
        self._now_s += UPDATE_S
        return max(0.0, math.fsum(self._read) / len(self._read))

    def steps(self) -> Iterator[tuple[str, str]]:
        """Go on until it is over; yield how and why it ended, or nothing."""
        for update in range(round(TREATMENT_S / UPDATE_S)):
            tone = self._tension()
            self._relaxation = self._relaxation.after(self._now_s, tone, SUCCESS)
            if self.reached_s is None and self._relaxation.reached(SUCCESS):
                self.reached_s = self._relaxation.history[0][0]
            if self._loop.guarded:
                self._judge(tone, is_over=(update + 1) % WINDOW_UPDATES == 0)
                yield self._ending(tone)
            self._move(tone)

    def _judge(self, tone: float, *, is_over: bool) -> None:
        before, response = self._response, self._response.measured(tone)
        ma = self.level.amplitude
        if is_over:
            response = response.window_closed(PLAN, self._calibration, self._now_s, ma)
        if response.strikes > before.strikes:
            self.level = Level(STRIKE_RATIO * ma, self._now_s)
        if self._is_weaning and self._relaxation.lost(self._now_s, SUCCESS):
            self._is_weaning = False
            self._relaxation = self._relaxation.forgotten()
        elif self._relaxation.reached(SUCCESS):
            self._is_weaning = True
        felt = 0.0 if self._is_weaning else self.level.amplitude
        self._response = response.at_level(self._now_s, felt, self._ceiling())

    def _ceiling(self) -> float:
        return min(self._cap, self._response.cap if self._loop.guarded else math.inf)

    def _ending(self, tone: float) -> tuple[str, str]:
        response, now_s = self._response, self._now_s
        if response.strikes >= PLAN.strikes:
            return Outcome.ADVERSE, ROSE
        if response.strikes and not response.has_helped:
            return Outcome.ADVERSE, NEVER_HELPED
        near = tone <= NEAR_RATIO * SUCCESS.threshold_pct_mvc
        if response.useless(PLAN, now_s) or (
            response.overdue(PLAN, now_s) and not near
        ):
            return Outcome.NOT_REACHED, NO_BENEFIT
        if self._is_weaning and self.level.amplitude == 0.0:
            return Outcome.REACHED, WEANED
        return "", ""

    def _move(self, tone: float) -> None:
        if self._is_weaning:
            self.level = wean(WEAN_MA_PER_S, self.level, self._now_s)
            return
        seen = Observation(
            t_s=self._now_s,
            level_ma=self.level.amplitude,
            level_t_s=self.level.t_s,
            tone_pct_mvc=tone,
            threshold_pct_mvc=SUCCESS.threshold_pct_mvc,
            cap_ma=self._ceiling(),
            quiet=self._loop.guarded and self._now_s < self._response.quiet_until_s,
        )
        self._law_state, ma, _ = self._loop.law.step(self._law_state, seen)
        self.level = Level(ma, self._now_s)


def course(cohort: str, subject: int, seed: int, loop: Loop) -> Result:
    """Return what comes of one person in one loop."""
    one = Course(cohort, seed, loop)
    stop, reason = next(
        (ending for ending in one.steps() if ending[0]),
        (Outcome.NOT_REACHED.value, TIME_IS_OVER),
    )
    was_on_to_the_end = reason == TIME_IS_OVER
    result = Result(
        cohort, subject, loop.name, randomised=True, stop=stop, reason=reason
    )
    return replace(
        result,
        unit="mA",
        reached_s=one.reached_s,
        dose=one.dose,
        peak_tone_ratio=one.peak_ratio,
        residual_amplitude=one.level.amplitude if was_on_to_the_end else 0.0,
    )


def run(subjects: int, seed: int, workers: int) -> Cells:
    """Return every person of every cell; the same whatever the number of workers."""
    seeds = np.random.SeedSequence(seed).generate_state(subjects, np.uint64)
    asked = [
        (cohort, k, int(own), loop)
        for cohort, loops in CELLS
        for k, own in enumerate(seeds)
        for loop in loops
    ]
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        found = pool.map(course, *zip(*asked, strict=True), chunksize=8)
        return cells_of(found)
