"""Where the lines and points of the page's charts lie; the page's template draws them, in the colours of its theme."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from blurbench.leaderboard.rows import Curve, Ladder, Overall, Ranking
from blurbench.leaderboard.wording import row_name

__all__ = ["Chart", "Line", "Mark", "Tick", "pareto", "severity"]

WIDTH, HEIGHT = 560, 300
LEFT, RIGHT, TOP, BOTTOM = 46, 12, 12, 40
COLOURS = 8
MOST_LINES = 8


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
    is_oracle: bool
    marks: tuple[Mark, ...]

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

    def ticks(self, texts: Sequence[float], unit: str = "") -> tuple[Tick, ...]:
        return tuple(Tick(self(value), f"{value:g}{unit}") for value in texts if self.low <= value <= self.high)


def _steps(low: float, high: float, about: int = 5) -> list[float]:
    """Round numbers from `low` to `high`."""
    rough = (high - low) / about or 1.0
    size = 10 ** math.floor(math.log10(rough))
    step = next(factor * size for factor in (1, 2, 5, 10) if factor * size >= rough)
    first = math.ceil(low / step)
    return [round(number * step, 10) for number in range(first, math.floor(high / step + 1e-9) + 1)]


# --- severity ------------------------------------------------------------------------------------------------------


def severity(ladder: Ladder) -> Chart:
    """Top-1 along a ladder: the baseline, the rows with the largest area under their curves, the best oracle."""
    across = _Scale(0.0, max(ladder.values), LEFT, WIDTH - RIGHT)
    up = _Scale(0.0, 100.0, HEIGHT - BOTTOM, TOP)
    unit = f" ({ladder.unit})" if ladder.unit else ""
    return Chart(
        title=f"{ladder.dataset}, {ladder.classifier}: {ladder.blur}",
        about=f"Top-1 over {ladder.parameter}{unit} of {ladder.blur}; the best rows by the area under their curve",
        x_label=f"{ladder.parameter}{unit}",
        y_label="top-1 %",
        x_ticks=across.ticks([0.0, *ladder.values]),
        y_ticks=up.ticks([0, 20, 40, 60, 80, 100]),
        lines=tuple(_curve(curve, colour, across, up) for curve, colour in _chosen(ladder.curves)),
    )


def _chosen(curves: Sequence[Curve]) -> list[tuple[Curve, int | None]]:
    def by_area(curve: Curve) -> tuple[float, str, str]:
        return (-_area(curve), curve.strategy, curve.train_blur)

    others = sorted((curve for curve in curves if not curve.is_baseline and not curve.is_oracle), key=by_area)
    oracles = sorted((curve for curve in curves if curve.is_oracle), key=by_area)
    best = [*others[: MOST_LINES - 2], *oracles[:1]]
    return [(curve, None) for curve in curves if curve.is_baseline] + [(curve, i) for i, curve in enumerate(best)]


def _area(curve: Curve) -> float:
    if curve.area is not None:
        return curve.area
    return sum(point.top1.estimate for point in curve.points) / max(1, len(curve.points))


def _curve(curve: Curve, colour: int | None, across: _Scale, up: _Scale) -> Line:
    name = row_name(curve.strategy, curve.train_blur)
    reached = [] if curve.clean is None else [(0.0, curve.clean, "no blur")]
    reached += [(point.value, point.top1.estimate, point.exposure) for point in curve.points]
    marks = tuple(
        Mark(across(value), up(100 * top1), f"{name}, {value:g}: {100 * top1:.1f}% ({exposure})")
        for value, top1, exposure in reached
    )
    return Line(name, colour, curve.is_oracle, marks)


# --- gain and price ------------------------------------------------------------------------------------------------


def pareto(ranking: Ranking) -> Chart | None:
    """Mean gain over added milliseconds; None where no time was measured."""
    timed = [one for one in (*ranking.rows, *ranking.oracles) if one.added_batch_1_ms is not None and one.gain]
    if not timed:
        return None
    # Milliseconds range over orders of magnitude, and start at none: their size to the power of 1/3.
    most = max(_root(one.added_batch_1_ms or 0.0) for one in timed)
    across = _Scale(0.0, 1.08 * most or 1.0, LEFT, WIDTH - RIGHT)
    gains = [0.0, *(100 * one.gain.estimate for one in timed if one.gain)]
    margin = 0.08 * (max(gains) - min(gains) or 1.0)
    up = _Scale(min(gains) - margin, max(gains) + margin, HEIGHT - BOTTOM, TOP)
    # Colours for the rows on the front and the best oracle; the others are grey.
    shown = [one for one in timed if one.on_front][: COLOURS - 1] + [one for one in timed if one.rank is None][:1]
    grey = [one for one in timed if one not in shown]
    lines = tuple(_price(one, shown.index(one) if one in shown else None, across, up) for one in (*grey, *shown))
    return Chart(
        title=ranking.classifier,
        about="Mean gain over more milliseconds an image. In colour: rows that no other row equals in gain, in time to "
        "predict and in time to fit, and the best of those told the true PSF.",
        x_label="added ms an image, alone (cube-root scale)",
        y_label="mean gain, points",
        x_ticks=tuple(
            Tick(across(_root(value)), f"{value:g}")
            for value in (0, 0.001, 0.01, 0.1, 1, 10, 100, 1000)
            if _root(value) <= across.high and (value == 0 or _root(value) >= 0.1 * across.high)
        ),
        y_ticks=up.ticks(_steps(up.low, up.high)),
        lines=lines,
    )


def _root(milliseconds: float) -> float:
    return math.cbrt(max(0.0, milliseconds))


def _price(one: Overall, colour: int | None, across: _Scale, up: _Scale) -> Line:
    assert one.gain is not None
    assert one.added_batch_1_ms is not None
    name = row_name(one.strategy, one.train_blur)
    points, added = 100 * one.gain.estimate, one.added_batch_1_ms
    mark = Mark(across(_root(added)), up(points), f"{name}: {points:+.1f} points for {added:+.3g} ms an image")
    return Line(name, colour, one.rank is None, (mark,))
