"""`docs/explanation/physiology-checks.md` from one computation of all tables."""

from pathlib import Path

from bench.physiology.cramp import cramp
from bench.physiology.fatigue import endurance, evoked_force
from bench.physiology.fits import fits
from bench.physiology.grid import Grid
from bench.physiology.recruitment import recruitment

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "physiology-checks.md"


def grids() -> dict[str, Grid]:
    """Compute every table; the key is its place in the page."""
    found = [*endurance(), *evoked_force(), *cramp(), *recruitment()]
    return {grid.name.replace(" ", "_"): grid for grid in found}


def page(found: dict[str, Grid]) -> str:
    """Return the page."""
    template = Path(__file__).with_name("page.md").read_text("utf-8")
    tables = {key: grid.to_markdown() for key, grid in found.items()}
    errors = fits(found["power_laws"])
    lines = [
        "| joint | published rates, s | best rates, s | published error, s |",
        "|---|--:|--:|--:|",
        *(
            f"| {joint} | {e.ours_s:.1f} | {e.least_s:.1f} | {e.published_s:.1f} |"
            for joint, e in errors.items()
        ),
    ]
    reached = [joint for joint, e in errors.items() if e.ours_s <= e.published_s]
    out_of_reach = [joint for joint, e in errors.items() if e.least_s > e.published_s]
    n_cells = sum(len(row) for grid in found.values() for row in grid.rows.values())
    return template.format(
        **tables,
        fits="\n".join(lines),
        reached=", ".join(reached) or "no joint",
        out_of_reach=", ".join(out_of_reach) or "no joint",
        n_cells=n_cells,
        n_missed=sum(len(grid.missed()) for grid in found.values()),
    )
