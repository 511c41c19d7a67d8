"""What is told of a paper: its tables, published beside measured, its claims with their verdicts, and both sizes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    from blurbench.metrics.intervals import Interval

__all__ = [
    "Comparison",
    "Curve",
    "Filled",
    "Judged",
    "Report",
    "Size",
    "Table",
    "Verdict",
    "Wanted",
    "decided",
    "from_content",
    "to_json",
]

Verdict: TypeAlias = Literal[
    "holds",
    "does not hold",
    "undecided",
    "undecided: one seed",
    "undecided: cut short",
    "undecided: half not measured",
    "not measured",
]
"""One seed: nothing is known of fitting again. Cut short: a fit that it rests on was still improving, or was ended by
its time limit. Half not measured: what was measured holds, and is half of the claim or less."""

Wanted: TypeAlias = Literal["above", "near"]
"""A difference above the margin, or within it on both sides."""


@dataclass(frozen=True)
class Filled:
    """One cell of a table. `published` is the figure to compare with, in the table's unit, `printed` what stands in
    the paper where that is another; `reason` says why there is no measured value."""

    row: str
    column: str
    published: float | None = None
    printed: float | None = None
    measured: float | None = None
    low: float | None = None
    high: float | None = None
    reason: str = ""
    dataset: str = ""
    images: int = 0
    seeds: int = 0
    records: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """A table of the paper. `unit` is shown; `form` writes a value."""

    source: str
    title: str
    unit: str
    columns: tuple[str, ...]
    cells: tuple[Filled, ...]
    form: str = "{:.2f}"
    notes: tuple[str, ...] = ()
    scale: float | None = None
    """By how much the paper's own figures are too small, where they are: both are shown."""

    @property
    def rows(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(cell.row for cell in self.cells))

    def at(self, row: str, column: str) -> Filled:
        """The cell, empty where the paper has none either."""
        return next((cell for cell in self.cells if (cell.row, cell.column) == (row, column)), Filled(row, column))


@dataclass(frozen=True)
class Comparison:
    """One row that a claim is decided over: the interval of a difference, or why it was not measured."""

    name: str
    unit: str
    margin: float
    wanted: Wanted = "above"
    interval: Interval | None = None
    reason: str = ""
    seeds: int | None = 1
    """Over so many seeds, which are part of the interval; None where nothing fitted has a part in it."""
    cut_short: bool = False
    """A fit that it rests on was still improving, or was ended by its time limit."""

    @property
    def verdict(self) -> Verdict:
        if self.interval is None:
            return "undecided: cut short" if self.cut_short else "not measured"
        if self.seeds == 1:
            return "undecided: one seed"
        if self.cut_short:
            return "undecided: cut short"
        low, high, margin = self.interval.low, self.interval.high, self.margin
        if self.wanted == "above":
            return "holds" if low > margin else "does not hold" if high < margin else "undecided"
        inside = -margin < low and high < margin
        return "holds" if inside else "does not hold" if low > margin or high < -margin else "undecided"


@dataclass(frozen=True)
class Judged:
    """A claim, the rule that it became, its rows, and how many the paper has."""

    id: str
    text: str
    own_figures: str
    rule: str
    comparisons: tuple[Comparison, ...]
    in_paper: int
    reason: str = ""
    """What of the claim cannot be measured, and why."""

    @property
    def measured(self) -> tuple[Comparison, ...]:
        return tuple(row for row in self.comparisons if row.interval is not None)

    @property
    def verdict(self) -> Verdict:
        found = decided([row.verdict for row in self.comparisons])
        is_half = bool(self.reason) or 2 * len(self.measured) <= self.in_paper
        return "undecided: half not measured" if found == "holds" and is_half else found


_FIRST: tuple[Verdict, ...] = ("does not hold", "undecided", "undecided: cut short", "undecided: one seed", "holds")


def decided(verdicts: Sequence[Verdict]) -> Verdict:
    """Of a claim about every row: one that fails is enough, one that is open leaves it open."""
    return next((one for one in _FIRST if one in verdicts), "not measured")


@dataclass(frozen=True)
class Size:
    """One quantity in the paper and here."""

    what: str
    paper: str
    here: str


@dataclass(frozen=True)
class Curve:
    """A panel of a figure: for each line a value at each level, None where it was not measured."""

    title: str
    levels: tuple[int, ...]
    lines: Mapping[str, tuple[float | None, ...]]


@dataclass(frozen=True)
class Report:
    """Everything of one paper under one budget."""

    name: str
    citation: str
    suite: str
    budget: str
    tables: tuple[Table, ...]
    claims: tuple[Judged, ...]
    sizes: tuple[Size, ...]
    notes: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    curves: tuple[Curve, ...] = ()
    unit_of_curves: str = ""


SCHEMA_VERSION = 2


def from_content(content: Mapping[str, Any]) -> Report:
    """The report that a JSON file, or `asdict`, holds. Raises pydantic.ValidationError."""
    from pydantic import TypeAdapter

    from blurbench.metrics.intervals import Interval

    adapter = TypeAdapter(Report)
    adapter.rebuild(_types_namespace={**globals(), "Interval": Interval})  # which this module imports for types alone
    report: Report = adapter.validate_python(content)
    return report


def to_json(report: Report) -> str:
    """Everything that the markdown shows, and the keys of the records behind it; keys in a fixed order."""
    report = from_content(asdict(report))  # a paper may give 10 where 10.0 is read back
    content = {"schema_version": SCHEMA_VERSION, **asdict(report), "claims": [_claim(claim) for claim in report.claims]}
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def _claim(claim: Judged) -> dict[str, Any]:
    rows = [{**asdict(row), "verdict": row.verdict} for row in claim.comparisons]
    return {**asdict(claim), "verdict": claim.verdict, "measured": len(claim.measured), "comparisons": rows}
