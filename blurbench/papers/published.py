"""What the papers printed: their figures (`anchors.csv`) and the orderings that they claim (`claims.toml`)."""

from __future__ import annotations

import csv
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

__all__ = ["Anchor", "Statement", "anchors", "statements"]

HERE = Path(__file__).parent


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
def anchors(number: str) -> tuple[Anchor, ...]:
    """The figures of one paper, by its number: "000"."""
    with (HERE / "anchors.csv").open(encoding="utf-8", newline="") as file:
        return tuple(_anchor(row) for row in csv.DictReader(file) if row["seed"] == number)


def _anchor(row: dict[str, str]) -> Anchor:
    true = float(row["true_value"]) if row["true_value"] else None
    where = (row["id"], row["table"], row["row"], row["column"])
    return Anchor(*where, float(row["value"]), row["unit"], true, row["note"])


@cache
def statements(number: str) -> tuple[Statement, ...]:
    """The claims of one paper, in order."""
    table = tomllib.loads((HERE / "claims.toml").read_text(encoding="utf-8"))
    return tuple(
        Statement(claim["id"], claim["text"], claim["verdict"])
        for claim in table["claim"]
        if claim["id"].startswith(f"s{number}.")
    )
