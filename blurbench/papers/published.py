"""What papers printed, read from files: their figures and the orderings that they claim.

Figures are a CSV file with the columns id, seed, table, row, column, value, unit, true_value and note, where `seed` is
the number of the paper; claims are a TOML file of [[claim]] tables with id, text and verdict, their ids beginning with
s, the number and a dot.
"""

from __future__ import annotations

import csv
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

__all__ = ["Anchor", "Statement", "anchors", "statements"]


@dataclass(frozen=True)
class Anchor:
    """One printed figure. `true_value` is the corrected or unrounded one, where it is known."""

    id: str
    table: str
    row: str
    column: str
    value: float
    unit: str
    true_value: float | None
    note: str

    @property
    def best(self) -> float:
        """The figure to compare with."""
        return self.value if self.true_value is None else self.true_value


@dataclass(frozen=True)
class Statement:
    """A claim in one line, and what the paper's own figures say to it."""

    id: str
    text: str
    own_figures: str


@cache
def anchors(path: Path, number: str) -> tuple[Anchor, ...]:
    """The figures of one paper, by its number in the file: "000"."""
    with path.open(encoding="utf-8", newline="") as file:
        return tuple(_anchor(row) for row in csv.DictReader(file) if row["seed"] == number)


def _anchor(row: dict[str, str]) -> Anchor:
    true = float(row["true_value"]) if row["true_value"] else None
    where = (row["id"], row["table"], row["row"], row["column"])
    return Anchor(*where, float(row["value"]), row["unit"], true, row["note"])


@cache
def statements(path: Path, number: str) -> tuple[Statement, ...]:
    """The claims of one paper, by its number in the file, in order."""
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    return tuple(
        Statement(claim["id"], claim["text"], claim["verdict"])
        for claim in table["claim"]
        if claim["id"].startswith(f"s{number}.")
    )
