"""A published table, what comes out here, and how far apart they may be."""

from collections.abc import Mapping
from dataclasses import dataclass

#: Figures of one row, by column.
Row = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Cell:
    """One figure: what is published, what came out, and what difference is accepted."""

    expected: float
    ours: float
    allowed: float

    @property
    def difference(self) -> float:
        """Ours less what is expected."""
        return self.ours - self.expected

    @property
    def accepted(self) -> bool:
        """Whether the difference is within what is allowed."""
        return abs(self.difference) <= self.allowed


@dataclass(frozen=True, slots=True)
class Grid:
    """A table of cells; ``digits`` is how many decimals are worth showing."""

    name: str
    corner: str
    rows: Mapping[str, Mapping[str, Cell]]
    digits: int = 0

    @property
    def accepted(self) -> bool:
        """Whether every cell is."""
        return all(cell.accepted for row in self.rows.values() for cell in row.values())

    def missed(self) -> list[str]:
        """Return every cell that is not accepted, in words."""
        return [
            f"{self.name}, {name}, {column}: expected {cell.expected:g} "
            f"within {cell.allowed:g}, got {cell.ours:g}"
            for name, row in self.rows.items()
            for column, cell in row.items()
            if not cell.accepted
        ]

    def to_markdown(self) -> str:
        """Return it as text: ours, what is expected, and the difference."""
        columns = list(next(iter(self.rows.values())))
        lines = [
            f"| {self.corner} | {' | '.join(columns)} | |",
            f"|---|{'--:|' * len(columns)}---|",
        ]
        for name, row in self.rows.items():
            cells = " | ".join(self._text(cell) for cell in row.values())
            verdict = "yes" if all(c.accepted for c in row.values()) else "**no**"
            lines.append(f"| {name} | {cells} | {verdict} |")
        return "\n".join(lines)

    def _text(self, cell: Cell) -> str:
        n = self.digits
        both = f"{cell.ours:.{n}f} / {cell.expected:.{n}f}"
        # The sign of a difference that is none is that of the last bit.
        shown = f"{cell.difference:+.{n}f}" if round(cell.difference, n) else "0"
        return f"{both} ({shown})"
