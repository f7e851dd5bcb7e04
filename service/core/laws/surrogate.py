"""The statistical model of tone over amplitude, from the extra ``optimise``."""

from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from service.core.laws.parameters import LawError

#: Without stimulation tone is the baseline by definition. This variance keeps the
#: matrix well conditioned. A.
ANCHOR_VARIANCE = 1e-4


def gaussian_processes() -> ModuleType:
    """Return the library that fits Gaussian processes.

    Returns
    -------
    module
        ``sklearn.gaussian_process``.

    Raises
    ------
    LawError
        If the extra is not installed.
    """
    try:
        from sklearn import gaussian_process  # noqa: PLC0415 - comes with an extra
    except ImportError as missing:
        msg = (
            "the law safe_bayes needs scikit-learn, which is not installed; "
            "install unclench[optimise] or choose another law"
        )
        raise LawError(msg) from missing
    module: ModuleType = gaussian_process
    return module


def predict_ratio(
    felt_ma: NDArray[np.float64],
    ratios: NDArray[np.float64],
    at_ma: NDArray[np.float64],
    scales: tuple[float, float, float],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Predict tone over baseline at amplitudes from what was measured.

    Parameters
    ----------
    felt_ma : ndarray, shape (n_trials,)
        Amplitudes that were tried, in mA.
    ratios : ndarray, shape (n_trials,)
        Tone over baseline at each.
    at_ma : ndarray, shape (n_points,)
        Where to predict, in mA.
    scales : tuple of float
        Length in mA over which effects are alike, standard deviation of the effect
        before any trial, and standard deviation of one trial.

    Returns
    -------
    mean : ndarray, shape (n_points,)
        Expected ratio.
    sd : ndarray, shape (n_points,)
        Its standard deviation, trial noise not included.

    Notes
    -----
    A Gaussian process with Matérn 5/2 covariance around "no effect". The scales are
    not fitted: a handful of trials cannot support it, and the same trials must always
    give the same answer.
    """
    processes = gaussian_processes()
    length_ma, effect_sd, trial_sd = scales
    kernel = processes.kernels.ConstantKernel(effect_sd**2) * processes.kernels.Matern(
        length_ma, nu=2.5
    )
    variances = np.full(felt_ma.size + 1, trial_sd**2)
    variances[0] = ANCHOR_VARIANCE
    model = processes.GaussianProcessRegressor(kernel, alpha=variances, optimizer=None)
    model.fit(np.append(0.0, felt_ma)[:, None], np.append(0.0, ratios - 1.0))
    mean, sd = model.predict(at_ma[:, None], return_std=True)
    return 1.0 + np.asarray(mean, np.float64), np.asarray(sd, np.float64)
