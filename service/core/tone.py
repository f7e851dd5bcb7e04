"""Tone: measured tension, when to believe it, and when it counts as relaxed."""

import math
from dataclasses import dataclass, replace
from operator import itemgetter

from service.core.program import Bout, Success

#: Tone is looked at this often; faster updates of a 1 s RMS say nothing new. A.
UPDATE_S = 0.1

#: A tone is of now for so long. A.
FRESH_S = 0.3

#: An older tone says relaxed below this share of the threshold only. A.
CARRIED_RATIO = 0.8

#: Relaxed is no longer said from this share of the exit level on. A: an RMS of 1 s
#: scatters by 5 to 8 % and is half a second old, and what rises is above it by now.
LEAVING_RATIO = 0.9

_IS_BELOW = itemgetter(1)


@dataclass(frozen=True, slots=True)
class Calibration:
    """What turns microvolt into %MVC.

    Parameters
    ----------
    noise_uv : float
        Noise floor, RMS in microvolt.
    mvc_uv : float
        Noise-corrected RMS of the maximal voluntary contraction, in microvolt.
    baseline_pct_mvc, baseline_sd_pct_mvc : float
        Tone before treatment and its standard deviation.
    kind : str
        What was contracted: ``mvc``, or ``rvc``; then ``mvc_uv`` is an estimate.
    origin : str
        ``measured`` in this session, ``stored`` in an earlier one, or ``given``.
    rest_uv : float
        Noise-corrected RMS at rest in microvolt; NaN where noise and rest were one.
    warnings : tuple of str
        What an operator should know about it.
    """

    noise_uv: float
    mvc_uv: float
    baseline_pct_mvc: float = math.nan
    baseline_sd_pct_mvc: float = math.nan
    kind: str = "mvc"
    origin: str = "measured"
    rest_uv: float = math.nan
    warnings: tuple[str, ...] = ()

    @property
    def unit(self) -> str:
        """What tension is measured in; says so if the MVC is only an estimate."""
        return "pct_mvc" if self.kind == "mvc" else "pct_mvc_from_rvc"

    def tone_pct_mvc(self, rms_uv: float) -> float:
        """Return tension of a window in %MVC.

        Parameters
        ----------
        rms_uv : float
            RMS of the window, noise included.

        Returns
        -------
        float
            Root difference of squares over the MVC, in percent, never negative.
        """
        power = rms_uv * rms_uv - self.noise_uv * self.noise_uv
        return 100.0 * math.sqrt(max(0.0, power)) / self.mvc_uv


@dataclass(frozen=True, slots=True)
class ZeroTime:
    """Since when the device has confirmed that it puts out nothing.

    Parameters
    ----------
    since_s : float
        Infinity while an output is on, or not known to be off.
    """

    since_s: float = math.inf

    def after(self, now_s: float, amplitude: float) -> "ZeroTime":
        """Return the state after a readback.

        Parameters
        ----------
        now_s : float
            When the readback was seen.
        amplitude : float
            Largest amplitude that it reports.

        Returns
        -------
        ZeroTime
            Unchanged while the device stays at zero.
        """
        if amplitude != 0.0:
            return NOT_ZERO
        return self if self.since_s <= now_s else ZeroTime(now_s)

    def covers(self, t_s: float, window_s: float, bout: Bout) -> bool:
        """Return whether a whole RMS window lies in settled silence.

        Parameters
        ----------
        t_s : float
            End of the window.
        window_s : float
            Its length.
        bout : Bout
            Gives the settling time.

        Returns
        -------
        bool
            True when not one sample of it was taken under stimulation.
        """
        return t_s - window_s >= self.since_s + bout.settle_s


#: While an output is on.
NOT_ZERO = ZeroTime()


@dataclass(frozen=True, slots=True)
class Relaxation:
    """Evidence that the muscle is relaxed, from tone measured without stimulation.

    Between two off-windows the last measured tone stands for what cannot be measured.

    Parameters
    ----------
    relaxed : bool
        Schmitt state: enters below the threshold, leaves shortly before the exit level.
    history : tuple of (float, bool)
        Time and "below threshold" of the updates within the hold time.
    above_since_s : float or None
        Since when tone has been above the exit level.
    """

    relaxed: bool = False
    history: tuple[tuple[float, bool], ...] = ()
    above_since_s: float | None = None

    def after(
        self,
        t_s: float,
        tone_pct_mvc: float,
        success: Success,
        *,
        believed: bool = True,
        fresh: bool = True,
    ) -> "Relaxation":
        """Return the evidence after one more update.

        Parameters
        ----------
        t_s : float
            Time of the update; calls closer than `UPDATE_S` are ignored.
        tone_pct_mvc : float
            Newest measured tone.
        success : Success
            Threshold, hold and exit.
        believed : bool
            Whether a tone below the threshold is evidence: not under motion.
        fresh : bool
            Whether the tone is of now. An older one says relaxed only with a margin:
            tone that steady drive holds up comes back within seconds.

        Returns
        -------
        Relaxation
            With history limited to the hold time.
        """
        if self.history and t_s - self.history[-1][0] < UPDATE_S * 0.99:
            return self
        below = believed and tone_pct_mvc < success.threshold_pct_mvc
        exit_pct_mvc = success.threshold_pct_mvc * success.exit_ratio
        above = tone_pct_mvc > exit_pct_mvc
        leaves = tone_pct_mvc > LEAVING_RATIO * exit_pct_mvc
        since = None
        if above:
            since = t_s if self.above_since_s is None else self.above_since_s
        # Times only rise: what is too old stands at the beginning.
        n_old = 0
        for old_s, _ in self.history:
            if t_s - old_s <= success.hold_s:
                break
            n_old += 1
        relaxed = below or (self.relaxed and not leaves)
        if not fresh:
            carried_pct_mvc = CARRIED_RATIO * success.threshold_pct_mvc
            relaxed = relaxed and tone_pct_mvc < carried_pct_mvc
        return Relaxation(
            relaxed=relaxed,
            history=(*self.history[n_old:], (t_s, below)),
            above_since_s=since,
        )

    def reached(self, success: Success) -> bool:
        """Return whether tone was below threshold for long enough.

        Parameters
        ----------
        success : Success
            Hold time and share.

        Returns
        -------
        bool
            True once the history spans the hold time with the share below.
        """
        if not self.history:
            return False
        span_s = self.history[-1][0] - self.history[0][0]
        if span_s < success.hold_s - 1.5 * UPDATE_S:
            return False
        below: int = sum(map(_IS_BELOW, self.history))
        return below >= success.hold_fraction * len(self.history)

    def lost(self, t_s: float, success: Success) -> bool:
        """Return whether a relaxed muscle has become tense again.

        Parameters
        ----------
        t_s : float
            Now.
        success : Success
            Exit time.

        Returns
        -------
        bool
            True when tone stayed above the exit level for the exit time.
        """
        since = self.above_since_s
        return since is not None and t_s - since >= success.exit_s

    def lapsed(self) -> "Relaxation":
        """Return the state once the newest tone is too old to stand for now.

        Returns
        -------
        Relaxation
            Not relaxed as far as is known; what was measured stays evidence for a hold.
        """
        return replace(self, relaxed=False) if self.relaxed else self

    def forgotten(self) -> "Relaxation":
        """Return the state without evidence, as after a hold.

        Returns
        -------
        Relaxation
            Nothing is known.
        """
        return replace(self, relaxed=False, history=(), above_since_s=None)
