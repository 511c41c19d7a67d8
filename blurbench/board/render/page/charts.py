"""Where the lines and points of the page's charts lie; the page's template draws them, in the colours of its theme."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from blurbench.board.render.drawing import distinct
from blurbench.board.render.formatting import milliseconds, points, row_name
from blurbench.board.schema import RankedStrategy, Ranking, SeveritySweep, SweepRow

__all__ = ["Chart", "Line", "Mark", "pareto", "severity"]

WIDTH, HEIGHT = 360, 250
"""As narrow as a phone, so that texts are never shrunk until nobody can read them."""
LEFT, RIGHT, TOP, BOTTOM = 46, 20, 12, 40
LETTER = 7
"""As wide as a figure of an axis, in the drawing's units."""
MOST_LINES = 8
ROUND = (0.0, *(factor * 10.0**power for power in range(-3, 5) for factor in (1, 2, 5)))
"""Milliseconds that an axis may name."""


@dataclass(frozen=True)
class Tick:
    """A mark on an axis at `at`, in the drawing's units."""

    at: float
    text: str


@dataclass(frozen=True)
class Mark:
    """A point, and what is said of it."""

    x: float
    y: float
    text: str


@dataclass(frozen=True)
class Line:
    """A named row: its points in order, and which of the theme's colours it has (None: grey, the baseline's)."""

    name: str
    colour: int | None
    marks: tuple[Mark, ...]
    note: str = ""
    """What sets the row apart: an oracle, a control."""
    dashes: str = ""

    @property
    def path(self) -> str:
        """The points of a polyline."""
        return " ".join(f"{mark.x:.1f},{mark.y:.1f}" for mark in self.marks)


@dataclass(frozen=True)
class Chart:
    """One drawing of `WIDTH` x `HEIGHT` units."""

    title: str
    about: str
    x_label: str
    y_label: str
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    lines: tuple[Line, ...]

    width, height = WIDTH, HEIGHT
    left, right, top, bottom = LEFT, WIDTH - RIGHT, TOP, HEIGHT - BOTTOM


@dataclass(frozen=True)
class _Scale:
    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        span = self.high - self.low or 1.0
        return self.start + (value - self.low) / span * (self.end - self.start)

    def ticks(self, texts: Sequence[float]) -> tuple[Tick, ...]:
        return tuple(Tick(self(value), f"{value:g}") for value in texts if self.low <= value <= self.high)


def _apart(ticks: Sequence[Tick]) -> tuple[Tick, ...]:
    """Those whose texts do not touch: the outermost, then whole decades, then the others from the right."""
    ends, between = [*ticks[:1], *ticks[1:][-1:]], ticks[-2:0:-1]
    kept: list[Tick] = []
    decades = [one for one in between if one.text.replace(".", "").strip("0") == "1"]
    for tick in (*ends, *decades, *between):
        if all(abs(tick.at - other.at) > LETTER * (len(tick.text) + len(other.text) + 2) / 2 for other in kept):
            kept.append(tick)
    return tuple(sorted(kept, key=lambda tick: tick.at))


def _note(row: SweepRow | RankedStrategy, is_oracle: bool) -> dict[str, str]:
    if is_oracle:
        return {"note": "told the true PSF", "dashes": "3 4"}
    return {"note": f"control: {row.control}", "dashes": "8 4"} if row.control else {}


def _steps(low: float, high: float, about: int = 5) -> list[float]:
    """Round numbers from `low` to `high`."""
    rough = (high - low) / about or 1.0
    size = 10 ** math.floor(math.log10(rough))
    step = next(factor * size for factor in (1, 2, 5, 10) if factor * size >= rough)
    first = math.ceil(low / step)
    return [round(number * step, 10) for number in range(first, math.floor(high / step + 1e-9) + 1)]


# --- severity ------------------------------------------------------------------------------------------------------


def severity(ladder: SeveritySweep) -> Chart:
    """Top-1 along a ladder: the baseline, the rows with the largest area under their curves (controls last, and only
    where they differ), the best oracle."""
    across = _Scale(0.0, max(ladder.values), LEFT, WIDTH - RIGHT)
    up = _Scale(0.0, 100.0, HEIGHT - BOTTOM, TOP)
    unit = f" ({ladder.unit})" if ladder.unit else ""
    return Chart(
        title=f"{ladder.dataset}, {ladder.classifier}: {ladder.blur}",
        about=f"Top-1 over {ladder.parameter}{unit} of {ladder.blur}; the best rows by the area under their curve",
        x_label=f"{ladder.parameter}{unit}",
        y_label="top-1 %",
        x_ticks=_apart(across.ticks([0.0, *ladder.values])),
        y_ticks=up.ticks([0, 20, 40, 60, 80, 100]),
        lines=tuple(_curve(curve, colour, across, up) for curve, colour in _chosen(ladder.curves)),
    )


def _chosen(curves: Sequence[SweepRow]) -> list[tuple[SweepRow, int | None]]:
    def by_area(curve: SweepRow) -> tuple[float, str, str]:
        return (-_area(curve), curve.strategy, curve.train_blur)

    others = sorted((curve for curve in curves if not curve.is_oracle), key=by_area)
    oracles = sorted((curve for curve in curves if curve.is_oracle), key=by_area)
    shown = [curve for curve in distinct(others, _heights) if not curve.is_baseline][: MOST_LINES - 2]
    best = [*sorted(shown, key=lambda curve: bool(curve.control)), *oracles[:1]]
    return [(curve, None) for curve in curves if curve.is_baseline] + [(curve, i) for i, curve in enumerate(best)]


def _heights(curve: SweepRow) -> list[float]:
    """With where its points lie, for a curve may lack some."""
    clean = [] if curve.clean is None else [0.0, curve.clean]
    return [*clean, *(number for point in curve.points for number in (point.value, point.top1.estimate))]


def _area(curve: SweepRow) -> float:
    if curve.area is not None:
        return curve.area
    return sum(point.top1.estimate for point in curve.points) / max(1, len(curve.points))


def _curve(curve: SweepRow, colour: int | None, across: _Scale, up: _Scale) -> Line:
    name = row_name(curve.strategy, curve.train_blur)
    reached = [] if curve.clean is None else [(0.0, curve.clean, "no blur")]
    reached += [(point.value, point.top1.estimate, point.exposure) for point in curve.points]
    marks = tuple(
        Mark(across(value), up(100 * top1), f"{name}, {value:g}: {100 * top1:.1f}% ({exposure})")
        for value, top1, exposure in reached
    )
    return Line(name, colour, marks, **_note(curve, curve.is_oracle))


# --- gain and price ------------------------------------------------------------------------------------------------


def pareto(ranking: Ranking) -> Chart | None:
    """Mean gain over added milliseconds, the baseline's being 0; None where no other time was measured."""
    rows = [*ranking.rows, *ranking.oracles]
    timed = [one for one in rows if one.added_batch_1_ms is not None and (one.gain or one.is_baseline)]
    if all(one.is_baseline for one in timed):
        return None
    # Milliseconds range over orders of magnitude, and start at none: their size to the power of 1/3.
    most = max(_root(one.added_batch_1_ms or 0.0) for one in timed)
    across = _Scale(0.0, 1.08 * most or 1.0, LEFT, WIDTH - RIGHT)
    gains = [0.0, *(100 * _gain(one) for one in timed)]
    margin = 0.08 * (max(gains) - min(gains) or 1.0)
    up = _Scale(min(gains) - margin, max(gains) + margin, HEIGHT - BOTTOM, TOP)
    # Colours for the rows on the front and the best oracle; the others are grey.
    shown = [one for one in timed if one.on_front] + [one for one in timed if one.rank is None][:1]
    grey = [one for one in timed if one not in shown]
    lines = tuple(_price(one, shown.index(one) if one in shown else None, across, up) for one in (*grey, *shown))
    return Chart(
        title=ranking.classifier,
        about="Mean gain over more milliseconds an image. In colour: the front, rows that no other row beats in gain, "
        "time to predict and time to fit taken together, and the best of those told the true PSF.",
        x_label="added ms an image, alone (cube-root scale)",
        y_label="mean gain, points",
        x_ticks=_apart([Tick(across(_root(value)), f"{value:g}") for value in ROUND if _root(value) <= across.high]),
        y_ticks=up.ticks(_steps(up.low, up.high)),
        lines=lines,
    )


def _gain(one: RankedStrategy) -> float:
    return one.gain.estimate if one.gain else 0.0


def _root(added: float) -> float:
    return math.cbrt(max(0.0, added))


def _price(one: RankedStrategy, colour: int | None, across: _Scale, up: _Scale) -> Line:
    assert one.added_batch_1_ms is not None
    name = row_name(one.strategy, one.train_blur)
    gain, added = points(_gain(one)), milliseconds(one.added_batch_1_ms, "+")
    said = f"{name}: the baseline" if one.is_baseline else f"{name}: {gain} points for {added} ms an image"
    mark = Mark(across(_root(one.added_batch_1_ms)), up(100 * _gain(one)), said)
    return Line(name, colour, (mark,), **_note(one, one.rank is None))
