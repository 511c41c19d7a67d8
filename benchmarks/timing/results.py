"""What was measured, as plain values: the JSON file is these, written out."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = ["OURS", "PLAIN", "Group", "Limits", "Report", "Row", "row_of"]

OURS = "blurbench"
PLAIN = "blurbench, torch alone"
"""The same call where there is no compiler."""


@dataclass(frozen=True)
class Row:
    """One contender: median and interquartile range of the seconds that its rounds took."""

    name: str
    seconds: float
    iqr: float
    rounds: int
    difference: float | None = None
    """Its largest difference from the true result, or from blurbench's where there is no other; None: not compared."""
    remark: str = ""
    """Why its result differs. Rows with a remark are shown and do not count as peers."""


def row_of(name: str, seconds: Sequence[float], difference: float | None = None, remark: str = "") -> Row:
    """The row of a contender whose rounds took `seconds`."""
    low, _, high = statistics.quantiles(seconds, n=4) if len(seconds) > 1 else (0.0, 0.0, 0.0)
    return Row(name, statistics.median(seconds), high - low, len(seconds), difference, remark)


@dataclass(frozen=True)
class Group:
    """Contenders that did the same work in turns, blurbench's own first."""

    section: str
    what: str
    size: str
    images: int
    rows: tuple[Row, ...]
    bytes: int = 0
    """Read and written at least, where that bounds the work."""
    operations: int = 0
    """Floating-point operations of the plain algorithm, where those bound the work."""
    others: float = 0.0
    """Processor cores that other processes kept busy meanwhile."""

    @property
    def ours(self) -> Row:
        return self.rows[0]

    @property
    def best(self) -> Row | None:
        """The fastest peer whose result agrees."""
        peers = [row for row in self.rows if not row.name.startswith(OURS) and not row.remark]
        return min(peers, key=lambda row: row.seconds, default=None)

    @property
    def plain(self) -> Row | None:
        """blurbench where there is no compiler."""
        return next((row for row in self.rows if row.name == PLAIN), None)

    @property
    def ratio(self) -> float | None:
        """How many times faster than the best peer blurbench is; below 1 it is slower."""
        return None if self.best is None else self.best.seconds / self.ours.seconds


@dataclass(frozen=True)
class Limits:
    """What the machine can do, measured in the same run."""

    matrix_product: float
    """Floating-point operations a second in a large product of float32 matrices."""
    copy: float
    """Bytes a second, read and written, in a large copy."""
    matrix_product_bf16: float | None = None
    """The same in bfloat16, on GPUs."""


@dataclass
class Report:
    """One run of `blurbench time`."""

    command: str
    time: str
    machine: Mapping[str, Any]
    versions: Mapping[str, str]
    limits: Limits
    groups: list[Group] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    busy: list[str] = field(default_factory=list)
    """Why the figures may be off: what else the machine did."""

    def note(self, text: str) -> None:
        """Say it once."""
        if text not in self.notes:
            self.notes.append(text)

    def of(self, section: str) -> list[Group]:
        """The groups of a section."""
        return [group for group in self.groups if group.section == section]
