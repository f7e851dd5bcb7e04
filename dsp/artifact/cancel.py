"""Cancelling what is alike after every pulse: comb, template, Gram-Schmidt.

Each canceller gets one epoch after the other, from the same phase of the pulse, and
returns it without what the epochs before it predict. Each states by how much that
changes the power of what cannot be predicted, the EMG, and divides it out.
"""

import enum
import math
from collections import deque
from typing import Protocol

import numpy as np

from dsp.types import F64

#: Time constant of the template in epochs; its mean has the noise of twice as many.
TEMPLATE_EPOCHS = 10  # A: assumption
#: Epochs before the template may be used.
TEMPLATE_START = 4  # A: assumption
#: Epochs that Gram-Schmidt predicts from; literature uses about 6. Fewer where an epoch
#: holds few independent values.
GRAM_SCHMIDT_ORDER = 6  # R
#: Of the degrees of freedom of an epoch the prediction takes at most this share.
MAX_PREDICTED_SHARE = 1.0 / 3.0  # A: assumption
#: Time constant in epochs of what the weights are.
WEIGHT_EPOCHS = 20.0  # A: assumption
_FULL_RANK = 1e-9
_TINY = np.finfo(np.float64).tiny


class ArtifactMethod(enum.Enum):
    """What is done about the samples between two pulses."""

    OFF_WINDOWS = "off_windows"  #: only samples well after the last pulse count
    TAIL = "tail"  #: the samples after the gap count as they are
    COMB = "comb"  #: the tail minus the tail before it
    TEMPLATE = "template"  #: the tail minus a running mean, scaled to fit
    GRAM_SCHMIDT = "gram_schmidt"  #: the tail minus what earlier tails span


class Canceller(Protocol):
    """Removes from an epoch what the epochs before it predict."""

    def step(self, epoch_uv: F64) -> F64 | None:
        """Return the cleaned epoch; None while too few epochs came before it."""


class Tail:
    """No cancelling: late-window RMS.

    Notes
    -----
    Right where artifact and M-wave have ended within the gap: up to about 5 pulses per
    second. What is left of them is read as EMG.
    """

    def step(self, epoch_uv: F64) -> F64:
        """Return the epoch.

        Parameters
        ----------
        epoch_uv : ndarray, shape (n_samples, n_channels)
            Tail of one epoch in microvolt.

        Returns
        -------
        ndarray, shape (n_samples, n_channels)
            The same.
        """
        return epoch_uv


class Comb:
    """Pulse-synchronous comb: the epoch minus the one before it, over sqrt(2).

    Notes
    -----
    Removes exactly what two consecutive epochs share. After a change of amplitude by
    the share g, ``g / sqrt(2)`` of the artifact is left. Blanking before the comb:
    Frigo et al. (2000), J Electromyogr Kinesiol 10:351.
    """

    def __init__(self) -> None:
        self._previous: F64 | None = None

    def step(self, epoch_uv: F64) -> F64 | None:
        """Return the cleaned epoch, shorter if the one before it was.

        Parameters
        ----------
        epoch_uv : ndarray, shape (n_samples, n_channels)
            Tail of one epoch in microvolt.

        Returns
        -------
        ndarray, shape (n_samples, n_channels), or None
            EMG in microvolt; None for the first epoch.
        """
        previous, self._previous = self._previous, epoch_uv.copy()
        if previous is None:
            return None
        n = min(len(previous), len(epoch_uv))
        difference: F64 = epoch_uv[:n] - previous[:n]
        return difference / math.sqrt(2.0)


class Template:
    """Running mean of the epochs, scaled to each of them.

    Parameters
    ----------
    values_per_row : float
        Independent values per sample, ``2 * Bs / fs`` (Bs: statistical bandwidth).

    Notes
    -----
    The scale ``<T, x> / <T, T>`` follows the intensity. What is left holds the
    template's own noise, ``g² a / (2 - a)`` of the EMG's power with the weight a of
    the newest epoch, and lacks the one degree of freedom that fits the scale; both
    are divided out.
    """

    def __init__(self, values_per_row: float) -> None:
        self._values_per_row = values_per_row
        self._template: F64 | None = None
        self._count = 0
        self._noise = 0.0

    def step(self, epoch_uv: F64) -> F64 | None:
        """Return the cleaned epoch, shorter if the template is.

        Parameters
        ----------
        epoch_uv : ndarray, shape (n_samples, n_channels)
            Tail of one epoch in microvolt.

        Returns
        -------
        ndarray, shape (n_samples, n_channels), or None
            EMG in microvolt; None for the first `TEMPLATE_START` epochs.
        """
        cleaned = None
        if self._template is not None and self._count >= TEMPLATE_START:
            cleaned = self._subtract(self._template, epoch_uv)
        self._learn(epoch_uv)
        return cleaned

    def _subtract(self, template: F64, epoch_uv: F64) -> F64:
        n = min(len(template), len(epoch_uv))
        t, x = template[:n], epoch_uv[:n]
        energy = np.einsum("ij,ij->j", t, t)
        fit = np.einsum("ij,ij->j", t, x)
        scale = np.divide(fit, energy, out=np.zeros_like(fit), where=energy > 0)
        values = max(n * self._values_per_row, 2.0)
        power = 1.0 - 1.0 / values + np.square(scale) * self._noise
        return np.asarray((x - scale * t) / np.sqrt(power))

    def _learn(self, epoch_uv: F64) -> None:
        self._count += 1
        if self._template is None or len(epoch_uv) > len(self._template):
            # A slower train shows what earlier epochs did not last to show.
            self._template, self._count, self._noise = epoch_uv.copy(), 1, 1.0
            return
        weight = max(1.0 / self._count, 1.0 / TEMPLATE_EPOCHS)
        head = self._template[: len(epoch_uv)]
        head += weight * (epoch_uv - head)
        self._noise = (1.0 - weight) ** 2 * self._noise + weight**2


class GramSchmidt:
    """Prediction error of the epoch from the epochs before it.

    Parameters
    ----------
    values_per_row : float
        Independent values per sample, ``2 * Bs / fs`` (Bs: statistical bandwidth).
    order : int
        Epochs to predict from, at most; fewer in short epochs.

    Notes
    -----
    The epochs before it are made orthonormal, and the projection onto them is
    subtracted (Yeom et al. 2005, IEICE Trans E88-D:2213). That takes part of the EMG as
    well, because M epochs predict by chance ``M / nu`` of an epoch with nu independent
    values, and adds part of theirs: a prediction ``sum c_i x_i`` brings the power
    ``sum c_i²`` of their EMG along. What is left is divided by the root of
    ``(1 + sum c_i²) (1 - M / nu)``, in which the sum is a running mean less the ``M /
    nu`` that the c_i have by chance.
    """

    def __init__(self, values_per_row: float, order: int = GRAM_SCHMIDT_ORDER) -> None:
        self._values_per_row = values_per_row
        self._past: deque[F64] = deque(maxlen=order)
        self._brought: F64 | None = None

    def step(self, epoch_uv: F64) -> F64 | None:
        """Return the cleaned epoch, shorter if one of those before it was.

        Parameters
        ----------
        epoch_uv : ndarray, shape (n_samples, n_channels)
            Tail of one epoch in microvolt.

        Returns
        -------
        ndarray, shape (n_samples, n_channels), or None
            EMG in microvolt; None for the first epochs.
        """
        past = list(self._past)
        self._past.append(epoch_uv.copy())
        values = max(len(epoch_uv) * self._values_per_row, 1.0)
        order = min(len(past), max(1, int(values * MAX_PREDICTED_SHARE)))
        wanted = min(self._past.maxlen or order, order)
        if not past or len(past) < wanted:
            return None
        past = past[-order:]
        n = min(len(epoch_uv), *(len(epoch) for epoch in past))
        rest, weights = prediction_error(epoch_uv[:n], [p[:n] for p in past])
        brought = np.square(weights).sum(axis=0)
        if self._brought is None:
            self._brought = brought
        self._brought += (brought - self._brought) / WEIGHT_EPOCHS
        power = gram_schmidt_power(self._brought, order, values)
        return np.asarray(rest / np.sqrt(power))


def gram_schmidt_power(squared_weights: F64, order: int, values: float) -> F64:
    """Return what a prediction error keeps of the power of unpredictable EMG.

    Parameters
    ----------
    squared_weights : ndarray, shape (n_channels,)
        Mean of the sum of the squared weights of the earlier epochs.
    order : int
        Epochs to predict from.
    values : float
        Independent values per epoch, above ``order``.

    Returns
    -------
    ndarray, shape (n_channels,)
        Share of the power.
    """
    chance = order / values
    return np.asarray((1.0 + np.maximum(squared_weights - chance, 0)) * (1.0 - chance))


def prediction_error(epoch_uv: F64, past_uv: list[F64]) -> tuple[F64, F64]:
    """Subtract from an epoch its projection onto earlier ones.

    Parameters
    ----------
    epoch_uv : ndarray, shape (n_samples, n_channels)
        Epoch to be cleaned.
    past_uv : list of ndarray, each of that shape
        Epochs before it.

    Returns
    -------
    error_uv : ndarray, shape (n_samples, n_channels)
        What they do not predict, channel by channel; not corrected.
    weights : ndarray, shape (n_past, n_channels)
        By how much each of them was subtracted.
    """
    past = np.stack(past_uv, axis=2).transpose(1, 0, 2)
    q, r = np.linalg.qr(past)
    # An epoch that repeats another has nothing of its own to predict with.
    size = np.abs(np.diagonal(r, axis1=1, axis2=2))
    own = size > _FULL_RANK * np.maximum(size.max(axis=1, keepdims=True), _TINY)
    parts = (q.transpose(0, 2, 1) @ epoch_uv.T[:, :, np.newaxis]) * own[
        :, :, np.newaxis
    ]
    solvable = r + np.where(own, 0.0, 1.0)[:, :, np.newaxis] * np.eye(len(past_uv))
    weights = np.linalg.solve(solvable, parts)[:, :, 0].T
    error = epoch_uv - (q @ parts)[:, :, 0].T
    return np.ascontiguousarray(error), weights


def make_canceller(method: ArtifactMethod, values_per_row: float) -> Canceller:
    """Return a fresh canceller.

    Parameters
    ----------
    method : ArtifactMethod
        Which one; `ArtifactMethod.OFF_WINDOWS` has none and leaves the tail as it is.
    values_per_row : float
        Independent values per sample, ``2 * Bs / fs`` (Bs: statistical bandwidth).

    Returns
    -------
    Canceller
        Without memory of any epoch.
    """
    match method:
        case ArtifactMethod.COMB:
            return Comb()
        case ArtifactMethod.TEMPLATE:
            return Template(values_per_row)
        case ArtifactMethod.GRAM_SCHMIDT:
            return GramSchmidt(values_per_row)
        case _:
            return Tail()
