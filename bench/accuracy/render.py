"""`docs/accuracy.md` and its plots, from one run of the bench."""

from pathlib import Path

import numpy as np

from bench.accuracy import signals, table
from bench.accuracy.check import Check, Value
from bench.accuracy.methods import Estimate, default_chain, ours, plain_rms
from bench.accuracy.mixtures import MVC_S, NOISE_UV, Mixture, mixtures
from bench.accuracy.score import SILENT_PCT_MVC, Score

DOCS = signals.ROOT / "docs"
PAGE = DOCS / "accuracy.md"
PLOTS = DOCS / "images" / "accuracy"
#: One plot per family: name, and the mixtures in it.
FAMILIES = {
    "mains": ("mains detuned", "mains strong"),
    "heart": ("ECG",),
    "motion": ("motion",),
    "noise": ("clean", "noise floor", "low contraction"),
    "artifact": ("artifact 5 Hz", "artifact 10 Hz", "artifact 20 Hz", "artifact 35 Hz"),
}
#: Methods that are not somebody else's.
OWN = (table.OURS, "EmgChain")
#: Anything beyond is drawn at the edge.
TOP_PCT_MVC = 40.0
#: Without a quality flag this error is allowed where the signal exceeds the rest.
MAX_NRMSE, MAX_BIAS_PCT = 0.08, 1.0


def write(checks: list[Check], scores: list[Score]) -> None:
    """Write page and plots."""
    PLOTS.mkdir(parents=True, exist_ok=True)
    for family, names in FAMILIES.items():
        _plot(family, [m for m in mixtures(quick=True) if _short(m) in names])
    template = Path(__file__).with_name("page.md").read_text("utf-8")
    page = template.format(
        checks=_checks(checks),
        table=_table(scores),
        verdict=_verdict(scores),
        plots="\n\n".join(f"![{f}](images/accuracy/{f}.png)" for f in FAMILIES),
        mvc_s=MVC_S,
        mvc_uv=signals.MVC_UV,
        noise_uv=NOISE_UV,
        silent=SILENT_PCT_MVC,
    )
    PAGE.write_text(page, "utf-8")


def _short(mixture: Mixture) -> str:
    return mixture.name.rsplit(": ", maxsplit=1)[-1]


def _value(value: Value) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{k}: {v:g}" for k, v in value.items()) or "–"
    if isinstance(value, list):
        return ", ".join(f"{v:g}" for v in value)
    return f"{value:g}"


def _checks(checks: list[Check]) -> str:
    lines = ["| | what | found | accepted | |", "|---|---|---|---|---|"]
    for c in checks:
        verdict = "yes" if c.passed else "**no**"
        lines.append(
            f"| {c.id} | {c.title} | {_value(c.value)} | {c.accept} | {verdict} |"
        )
    return "\n".join(lines)


def _table(scores: list[Score]) -> str:
    methods = list(dict.fromkeys(s.method for s in scores))
    lines = [
        f"| mixture | SNR dB | {' | '.join(methods)} |",
        f"|---|--:|{'--:|' * len(methods)}",
    ]
    for name in dict.fromkeys(s.mixture for s in scores):
        row = {s.method: s for s in scores if s.mixture == name}
        cells = " | ".join(_cell(row[m]) for m in methods)
        lines.append(f"| {name} | {row[methods[0]].snr_db:g} | {cells} |")
    return "\n".join(lines)


def _cell(s: Score) -> str:
    text = f"{s.bias_pct_mvc:+.2f} / {s.nrmse:.3f}"
    if s.flagged:
        return f"({text})"
    return f"**{text}**" if s.silent else text


def _verdict(scores: list[Score]) -> str:
    mine = [s for s in scores if s.method == table.OURS]
    silent = [s.mixture for s in mine if s.silent]
    within = [
        s
        for s in mine
        if s.snr_db >= 0
        and not s.flagged
        and (s.nrmse > MAX_NRMSE or abs(s.bias_pct_mvc) > MAX_BIAS_PCT)
    ]
    beaten = []
    for s in mine:
        others = [o for o in scores if o.mixture == s.mixture and o.method not in OWN]
        better = [o.method for o in others if o.nrmse < s.nrmse]
        beaten += [f"{s.mixture} ({', '.join(better)})"] if better else []
    lines = (
        (f"Silent errors above {SILENT_PCT_MVC:g} %MVC", silent),
        (
            (
                f"Rows at an SNR of 0 dB or more that are neither flagged nor within "
                f"{MAX_BIAS_PCT:g} %MVC and an NRMSE of {MAX_NRMSE:g}"
            ),
            [s.mixture for s in within],
        ),
        ("Rows in which somebody else's method has the smaller NRMSE", beaten),
    )
    return "\n".join(f"- {what}: {len(n)}{_listed(n)}." for what, n in lines)


def _listed(names: list[str]) -> str:
    return f" ({'; '.join(names)})" if names else ""


def _plot(family: str, rows: list[Mixture]) -> None:
    import matplotlib as mpl  # noqa: PLC0415 - only for the page

    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415

    figure, axes = plt.subplots(
        len(rows), 1, figsize=(8, 2.2 * len(rows)), squeeze=False
    )
    for axis, mixture in zip(axes[:, 0], rows, strict=True):
        t = np.arange(mixture.truth_pct.size) / signals.FS_HZ
        axis.plot(
            t[::100], mixture.truth_pct[::100], "k", lw=2.5, alpha=0.3, label="truth"
        )
        said = {
            "plain RMS": plain_rms,
            "EmgChain": default_chain,
            "AccurateChain": ours,
        }
        for (name, method), colour in zip(
            said.items(), ("C1", "C2", "C0"), strict=True
        ):
            _curve(axis, method(mixture), name, colour)
        axis.set(
            title=mixture.name, ylabel="%MVC", ylim=(0, TOP_PCT_MVC), xlim=(0, t[-1])
        )
        axis.title.set_fontsize(9)
    axes[0, 0].legend(loc="upper right", fontsize=7, ncols=4)
    axes[-1, 0].set_xlabel("s")
    figure.tight_layout()
    figure.savefig(PLOTS / f"{family}.png", dpi=80)
    plt.close(figure)


def _curve(axis, said: Estimate, name: str, colour: str) -> None:  # type: ignore[no-untyped-def] # noqa: ANN001
    values = np.minimum(said.tension_pct, TOP_PCT_MVC - 0.5)
    axis.plot(said.t_s, values, colour, lw=0.9, label=name)
    flagged = np.where(said.flagged, 0.4, np.nan)
    axis.plot(said.t_s, flagged, colour, lw=3, solid_capstyle="butt")
