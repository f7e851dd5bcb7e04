"""Pictures of a trial: who reached the threshold when, and at what dose."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from service.errors import ConfigError
from service.trial.outcome import Group
from service.trial.report import TrialReport

FORMATS = ("svg", "png")
PANEL_IN = (4.2, 2.9)
N_PANELS = 3


def require_plots() -> Any:  # noqa: ANN401 - a module of an extra
    """Return pyplot without a display; refuse if the extra is not installed."""
    try:
        import matplotlib as mpl  # noqa: PLC0415 - an extra
    except ImportError as error:
        msg = (
            "--plots needs matplotlib, which is not installed: "
            "pip install 'unclench[accuracy]'"
        )
        raise ConfigError(msg) from error
    mpl.use("Agg")
    import matplotlib.pyplot as plt  # noqa: PLC0415 - after the choice of a backend

    return plt


class PlotsWanted:
    """Whether and where to draw: refused before a long trial rather than after it."""

    def __init__(self, wanted: bool, folder: Path | None) -> None:  # noqa: FBT001 - a flag of the command line
        self._folder = folder if wanted else None
        if wanted and folder is None:
            msg = "--plots: expected --out FOLDER to draw into, got none"
            raise ConfigError(msg)
        if wanted:
            require_plots()

    def draw(self, report: TrialReport, say: Callable[[str], None]) -> None:
        """Draw if that was wanted, and tell where."""
        if self._folder is not None:
            for path in write_plots(report, self._folder):
                say(f"drew {path}")


def write_plots(report: TrialReport, folder: Path) -> list[Path]:
    """Write one row of panels per cohort; return the files."""
    plt = require_plots()
    cohorts = report.params.cohorts
    width, height = PANEL_IN
    figure, axes = plt.subplots(
        len(cohorts),
        N_PANELS,
        figsize=(N_PANELS * width, len(cohorts) * height),
        squeeze=False,
        layout="constrained",
    )
    found = report.groups()
    for row, cohort in zip(axes, cohorts, strict=True):
        own = [group for group in found if group.cohort == cohort]
        _draw_reached(row[0], own)
        doses = [[r.dose for r in g.treated] for g in own]
        unit = next((r.unit for g in own for r in g.treated if r.unit), "")
        _draw_spread(row[1], own, doses, f"dose ({unit} s)" if unit else "dose")
        ratios = [[r.peak_tone_ratio or 0.0 for r in g.treated] for g in own]
        _draw_spread(row[2], own, ratios, "peak tone / baseline")
        row[0].set_title(cohort)
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"trial.{suffix}" for suffix in FORMATS]
    for path in paths:
        figure.savefig(path)
    plt.close(figure)
    return paths


def _draw_reached(axes: Any, own: Sequence[Group]) -> None:  # noqa: ANN401 - of pyplot
    for group in own:
        treated = group.treated
        if not treated:
            continue
        times = sorted(r.reached_s for r in treated if r.reached_s is not None)
        end_s = max(r.treated_s for r in treated)
        steps = [0.0, *times, max(end_s, *times, 0.0)]
        shares = [k / len(treated) for k in range(len(times) + 1)]
        axes.step(steps, [*shares, shares[-1]], where="post", label=group.arm)
    axes.set(xlabel="treatment (s)", ylabel="share below threshold", ylim=(0, 1.02))
    axes.legend(fontsize="small")


def _draw_spread(
    axes: Any,  # noqa: ANN401 - of pyplot
    own: Sequence[Group],
    values: Sequence[Sequence[float]],
    label: str,
) -> None:
    filled = [(g.arm, v) for g, v in zip(own, values, strict=True) if v]
    axes.boxplot([v for _, v in filled], tick_labels=[arm for arm, _ in filled])
    axes.set_ylabel(label)
