"""The plots of the accuracy page: what each method says, and how far off it is."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from bench.accuracy.methods import Estimate, default_chain, ours, plain_rms
from bench.accuracy.mixtures import SCORED_FROM_S, Mixture
from bench.accuracy.score import SILENT_PCT_MVC, aligned
from bench.accuracy.signals import FS_HZ

DRAWN: dict[str, tuple[Callable[[Mixture], Estimate], str]] = {
    "plain RMS": (plain_rms, "C1"),
    "EmgChain": (default_chain, "C2"),
    "AccurateChain": (ours, "C0"),
}
#: The axis of the tension ends at this multiple of the truth: what is beyond is seen in
#: the plot of the errors.
ABOVE_TRUTH = 1.6
#: Axis of the errors in %MVC, logarithmic.
SMALLEST_PCT, LARGEST_PCT = 0.02, 1000.0
#: Height of one bar of flags, as a share of the axis.
BAR = 0.035
DPI = 100


def short_name(name: str) -> str:
    """Return what disturbs, without whose muscle it is."""
    return name.rsplit(": ", maxsplit=1)[-1]


def plot_family(rows: list[Mixture], path: Path) -> None:
    """Draw tension and errors of mixtures below each other."""
    import matplotlib as mpl  # noqa: PLC0415 - only for the page

    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415

    figure, axes = plt.subplots(
        len(rows), 2, figsize=(11, 2.5 * len(rows) + 0.5), squeeze=False, sharex=True
    )
    for (said, off), mixture in zip(axes, rows, strict=True):
        _draw(said, off, mixture)
    for axis in axes[-1]:
        axis.set_xlabel("s")
    names = axes[0, 0].get_legend_handles_labels()
    figure.legend(*names, loc="upper center", ncols=4, fontsize=9, frameon=False)
    figure.tight_layout(rect=(0, 0, 1, 1 - 0.3 / figure.get_figheight()))
    figure.savefig(path, dpi=DPI)
    plt.close(figure)


def _draw(said: Any, off: Any, mixture: Mixture) -> None:  # noqa: ANN401 - axes
    t_s = np.arange(mixture.truth_pct.size) / FS_HZ
    said.plot(
        t_s[::100], mixture.truth_pct[::100], "k", lw=3.5, alpha=0.25, label="truth"
    )
    top = ABOVE_TRUTH * float(mixture.truth_pct.max())
    for k, (name, (method, colour)) in enumerate(DRAWN.items()):
        estimate = method(mixture)
        said.plot(estimate.t_s, estimate.tension_pct, colour, lw=1.0, label=name)
        bar = np.where(estimate.flagged, -(k + 1) * BAR * top, np.nan)
        said.plot(estimate.t_s, bar, colour, lw=3, solid_capstyle="butt")
        _draw_errors(off, mixture, estimate, colour)
    said.axhline(0, color="0.6", lw=0.6)
    said.set(ylabel="%MVC", ylim=(-4.5 * BAR * top, top), xlim=(0, t_s[-1]))
    said.set_title(mixture.name, fontsize=10)
    off.axhline(SILENT_PCT_MVC, color="k", lw=0.8, ls="--")
    off.set(yscale="log", ylim=(SMALLEST_PCT, LARGEST_PCT), ylabel="error in %MVC")
    off.set_title("error where it is not flagged", fontsize=10)


def _draw_errors(off: Any, mixture: Mixture, said: Estimate, colour: str) -> None:  # noqa: ANN401
    scored = said.t_s > SCORED_FROM_S
    believed = ~said.flagged[scored]
    if not believed.any():
        return
    _, error = aligned(mixture, said, believed)
    shown = np.where(believed, np.maximum(np.abs(error), SMALLEST_PCT), np.nan)
    off.plot(said.t_s[scored], shown, colour, lw=0.9)
