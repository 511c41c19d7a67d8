"""A figure of level curves: a panel for each distortion, a line for each strategy."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import cycle

from blurbench.board.render.drawing import GREY, MARKERS, PALETTE, SETTINGS, drawn, plain, styled
from blurbench.papers.report import Curve

__all__ = ["drawing_of"]

COLUMNS = 4


def drawing_of(panels: Sequence[Curve], unit: str) -> bytes:
    """A PNG of the panels."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    names = list(dict.fromkeys(name for panel in panels for name in panel.lines))
    looks = dict(zip(names, zip(cycle(PALETTE), cycle(MARKERS), strict=False), strict=False))
    rows = math.ceil(len(panels) / COLUMNS)
    with mpl.rc_context(SETTINGS):
        columns = min(COLUMNS, len(panels))
        figure = Figure(figsize=(2.7 * columns + 0.4, 2.4 * rows + 0.9), layout="constrained")
        grid = figure.subplots(rows, columns, squeeze=False, sharey="row")
        for axes, panel in zip(grid.flat, panels, strict=False):
            for name, line in panel.lines.items():
                color, marker = looks[name]
                points = [(x, y) for x, y in zip(panel.levels, line, strict=True) if y is not None]
                axes.plot(*zip(*points, strict=True), color=color, marker=marker, markersize=4, linewidth=1.3)
            axes.set_xticks(panel.levels)
            styled(axes, plain(panel.title, 60))
        for axes in grid.flat[len(panels) :]:
            axes.axis("off")
        for row in grid:
            row[0].set_ylabel(unit, color=GREY)
        for axes in grid[-1]:
            axes.set_xlabel("level", color=GREY)
        handles = [
            mpl.lines.Line2D([], [], color=looks[name][0], marker=looks[name][1], markersize=4, label=plain(name, 60))
            for name in names
        ]
        figure.legend(handles=handles, loc="outside lower left", ncols=COLUMNS, frameon=False, labelcolor=GREY)
        return drawn(figure)
