"""Guards on the response: more stimulation does not mean less tone for everybody."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from service.core.evolve import evolve
from service.core.guards import MAX_WINDOWS, Window, is_paradoxical
from service.core.program import ResponsePlan
from service.core.tone import Calibration

#: The amplitude counts as being at its cap from this share of it on. A.
AT_CAP = 0.98

#: Where tone was never lower than before, this share of an adverse rise is one: in off
#: parts a part of it has gone, and nothing speaks for going on. A: ADR 5.
UNHELPED_SHARE = 0.75

#: Tone up to this multiple of the baseline has not risen. A: less than half of the way
#: to an adverse response; one measurement scatters by 5 to 8 %.
CALM_RATIO = 1.1

#: So many off-windows together say whether tone is lower than before. A: one of them
#: alone is 5 % off.
BENEFIT_WINDOWS = 3

#: Tone of the first and of the last such share of the time at the cap are compared. A.
COMPARED_SHARE = 0.25

#: Who is not near the goal after this multiple of the time at the cap is let go. A.
PATIENCE = 1.2

#: And this much has who is not near either, but clearly below the baseline. A.
GAINED_PATIENCE = 4.0


@dataclass(frozen=True, slots=True)
class Response:
    """What stimulation has done so far; levels are in the unit of the actuator.

    Parameters
    ----------
    window_pct_mvc : tuple of float
        Tone updates of the off-window that is being measured.
    medians_pct_mvc : tuple of float
        Medians of the last two complete off-windows.
    windows : tuple of Window
        Off-windows after stimulation since the last strike.
    strikes : int
        Adverse responses so far.
    struck_for : str
        What the last strike was for: ``adverse`` or ``paradoxical``.
    cap : float
        Ceiling that strikes have set; infinity before the first.
    quiet_until_s : float
        No increase and no new strike before.
    at_cap_since_s : float or None
        Since when the level has been at its ceiling.
    at_cap : tuple of Window
        Off-windows of that time, as far back as they are compared.
    has_helped : bool
        Whether tone has been lower than the baseline by a benefit, and not risen since.
    spent_s : float
        Time at the ceiling before an interruption that the next stretch goes on from.
    """

    window_pct_mvc: tuple[float, ...] = ()
    medians_pct_mvc: tuple[float, ...] = ()
    windows: tuple[Window, ...] = ()
    strikes: int = 0
    struck_for: str = ""
    cap: float = math.inf
    quiet_until_s: float = -math.inf
    at_cap_since_s: float | None = None
    at_cap: tuple[Window, ...] = ()
    has_helped: bool = False
    spent_s: float = 0.0

    def measured(self, tone_pct_mvc: float) -> "Response":
        """Return the state after one tone update without stimulation.

        Parameters
        ----------
        tone_pct_mvc : float
            The update.

        Returns
        -------
        Response
            With the update added to the window that is open.
        """
        return evolve(self, window_pct_mvc=(*self.window_pct_mvc, tone_pct_mvc))

    def window_closed(
        self,
        plan: ResponsePlan,
        calibration: Calibration,
        t_s: float,
        level: float,
        step: int = 0,
    ) -> "Response":
        """Judge the off-window that has just ended.

        Parameters
        ----------
        plan : ResponsePlan
            What is adverse, and what follows.
        calibration : Calibration
            Holds the baseline.
        t_s : float
            Now.
        level : float
            Level of the bout before the window.
        step : int
            Which part of the rhythm that bout was.

        Returns
        -------
        Response
            With one more strike if tone rose above the baseline in two windows running
            while there was stimulation, far above it on their mean, or if it follows
            the stimulation up to there.
        """
        if not self.window_pct_mvc:
            return self
        median = statistics.median(self.window_pct_mvc)
        judged = evolve(
            self,
            window_pct_mvc=(),
            medians_pct_mvc=(*self.medians_pct_mvc[-1:], median),
        )
        if level > 0:
            judged = judged.with_window(
                plan, calibration, Window(t_s, level, median, step)
            )
        if level <= 0 or t_s < self.quiet_until_s:
            return judged
        bar = adverse_bar_pct_mvc(plan, calibration, helped=judged.has_helped)
        medians = judged.medians_pct_mvc
        # A mean says more than the lower of two; one that is high may be a movement.
        raised = min(medians) > CALM_RATIO * calibration.baseline_pct_mvc
        if len(medians) > 1 and raised and statistics.fmean(medians) > bar:
            return judged.struck(plan, t_s, level, "adverse")
        # Tone that is lower than before the treatment follows its withdrawal up, and
        # one that wanders about its baseline follows whatever rises meanwhile.
        if median > bar and is_paradoxical(judged.windows):
            return judged.struck(plan, t_s, level, "paradoxical")
        return judged

    def with_window(
        self, plan: ResponsePlan, calibration: Calibration, window: Window
    ) -> "Response":
        """Remember an off-window after stimulation.

        Parameters
        ----------
        plan : ResponsePlan
            What counts as benefit, and how long it is waited for at the cap.
        calibration : Calibration
            Holds the baseline.
        window : Window
            The newest.

        Returns
        -------
        Response
            Knows whether stimulation has helped so far.
        """
        windows = (*self.windows[1 - MAX_WINDOWS :], window)
        kept = [w for w in self.at_cap if window.t_s - w.t_s <= plan.useless_s]
        return evolve(
            self,
            windows=windows,
            at_cap=(*kept, window) if self.at_cap_since_s is not None else (),
            has_helped=self._helps(plan, calibration, windows[-BENEFIT_WINDOWS:]),
        )

    def _helps(
        self, plan: ResponsePlan, calibration: Calibration, newest: Sequence[Window]
    ) -> bool:
        """Return whether it has helped: tone wanders, so a rise takes that back."""
        if len(newest) < BENEFIT_WINDOWS:
            return self.has_helped
        share = _mean_tone(newest) / calibration.baseline_pct_mvc
        if share > CALM_RATIO:
            return False
        return self.has_helped or share < 1.0 - plan.useless_drop

    def struck(
        self, plan: ResponsePlan, t_s: float, level: float, why: str
    ) -> "Response":
        """Return the state after an adverse response.

        Parameters
        ----------
        plan : ResponsePlan
            Cap and cool-down.
        t_s : float
            Now.
        level : float
            What triggered it.
        why : str
            What it is for.

        Returns
        -------
        Response
            With one more strike, a lower cap and a cool-down.
        """
        return evolve(
            self,
            strikes=self.strikes + 1,
            struck_for=why,
            windows=(),
            cap=min(self.cap, plan.cap_ratio * level),
            quiet_until_s=t_s + plan.cool_down_s,
            medians_pct_mvc=(),
        )

    def at_level(
        self, t_s: float, level: float, cap: float, felt: float = math.inf
    ) -> "Response":
        """Follow whether the level is at its ceiling.

        Parameters
        ----------
        t_s : float
            Now.
        level, cap : float
            The level and its tightest ceiling.
        felt : float
            What was felt last, which may lag behind the level.

        Returns
        -------
        Response
            The time at the cap starts when it is felt there, and anew whenever the
            level leaves it by itself: what is felt less for a while, after a rest, was
            there all the same.
        """
        since_s = self.at_cap_since_s
        if level < AT_CAP * cap or level == 0.0:
            spent_s = self.spent_s if since_s is None else 0.0
            if since_s is None and not self.at_cap:
                return self
            return evolve(self, at_cap_since_s=None, at_cap=(), spent_s=spent_s)
        if since_s is None and felt >= AT_CAP * cap:
            return evolve(self, at_cap_since_s=t_s - self.spent_s, at_cap=())
        return self

    def interrupted(self, t_s: float) -> "Response":
        """Return the state when stimulation stops for a reason of its own.

        Parameters
        ----------
        t_s : float
            Now.

        Returns
        -------
        Response
            Without tone; what was spent at the ceiling is not given back.
        """
        since_s = self.at_cap_since_s
        spent_s = self.spent_s if since_s is None else t_s - since_s
        return evolve(
            self,
            window_pct_mvc=(),
            medians_pct_mvc=(),
            at_cap_since_s=None,
            spent_s=spent_s,
        )

    def useless(self, plan: ResponsePlan, t_s: float) -> bool:
        """Return whether more of the same is pointless.

        Parameters
        ----------
        plan : ResponsePlan
            How long, and what counts as benefit.
        t_s : float
            Now.

        Returns
        -------
        bool
            True at the cap for the time of the plan if tone fell by less than a benefit
            in that time. It is means that are compared: the lowest of many noisy
            values is low whatever the muscle does. What had helped before the cap was
            reached and helps no further ends as well: not longer, not harder. After a
            push tone is lower than after a touch, whether or not it falls: windows are
            compared with those at the same place of the rhythm.
        """
        since = self.at_cap_since_s
        if since is None or t_s - since < plan.useless_s:
            return False
        compared_s = COMPARED_SHARE * plan.useless_s
        first_s = t_s - plan.useless_s + compared_s
        last_s = t_s - compared_s
        last = [w for w in self.at_cap if w.t_s > last_s]
        steps = {w.step for w in last}
        first = [
            w
            for w in self.at_cap
            if w.step in steps and w.t_s <= (last_s if w.step else first_s)
        ]
        if not (first and last):
            return False
        return _mean_tone(last) > (1.0 - plan.useless_drop) * _mean_tone(first)

    def gained(self, plan: ResponsePlan, t_s: float, bar_pct_mvc: float) -> bool:
        """Return whether the last push has brought enough for another one.

        Parameters
        ----------
        plan : ResponsePlan
            How long benefit is waited for.
        t_s : float
            Now.
        bar_pct_mvc : float
            Tone below it is enough.

        Returns
        -------
        bool
            Never once `GAINED_PATIENCE` times the time of the plan was spent at the
            ceiling.
        """
        since_s = self.at_cap_since_s
        if since_s is None or t_s - since_s >= GAINED_PATIENCE * plan.useless_s:
            return False
        return self.pushed_pct_mvc < bar_pct_mvc

    @property
    def pushed_pct_mvc(self) -> float:
        """Tone right after the last push; infinity where there was none lately."""
        pushed = [w for w in self.at_cap if w.step > 0]
        return pushed[-1].tone_pct_mvc if pushed else math.inf

    def overdue(self, plan: ResponsePlan, t_s: float) -> bool:
        """Return whether the time at the ceiling is over, whatever tone does.

        Parameters
        ----------
        plan : ResponsePlan
            How long.
        t_s : float
            Now.

        Returns
        -------
        bool
            True from `PATIENCE` times the time of the plan on: tone that scatters must
            not look like a benefit for ever.
        """
        since_s = self.at_cap_since_s
        return since_s is not None and t_s - since_s >= PATIENCE * plan.useless_s


def adverse_bar_pct_mvc(
    plan: ResponsePlan, calibration: Calibration, *, helped: bool
) -> float:
    """Return the tone above which a response is adverse.

    Parameters
    ----------
    plan : ResponsePlan
        What is adverse.
    calibration : Calibration
        Holds the baseline.
    helped : bool
        Whether tone was ever lower than before: a smaller rise is adverse if not.

    Returns
    -------
    float
        In %MVC.
    """
    baseline = calibration.baseline_pct_mvc
    rise = plan.adverse_ratio - 1.0
    if not helped:
        rise *= UNHELPED_SHARE
    by_spread = baseline + plan.adverse_sd * calibration.baseline_sd_pct_mvc
    return max((1.0 + rise) * baseline, by_spread)


def _mean_tone(windows: Sequence[Window]) -> float:
    return statistics.fmean(w.tone_pct_mvc for w in windows)
