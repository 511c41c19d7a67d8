"""Pictures for a board: what blur and a restorer do to images, and top-1 over the test blurs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import cycle
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from blurbench.board.psf_mismatch import MismatchPoint
from blurbench.board.render.drawing import (
    GREY,
    MARKERS,
    PALETTE,
    SETTINGS,
    distinct,
    drawn,
    in_lines,
    merged,
    plain,
    styled,
)
from blurbench.board.render.formatting import points, row_name
from blurbench.board.schema import Block, RankedStrategy, Ranking, Standings
from blurbench.errors import UsageError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from blurbench.board.render.chart import Chart

__all__ = ["mismatch_chart", "recovery_chart", "recovery_figure", "sample_strip"]


# --- sample images -------------------------------------------------------------------------------------------------


def sample_strip(stages: Mapping[str, NDArray[Any]]) -> bytes:
    """A picture with a row for each image and a column for each stage: clean, blurred, restored by ...
    Stages that are the same byte by byte share a column.

    Each stage holds the same images, (N, C, H, W) with one or three channels, uint8 or float on the 0..1 scale
    (values beyond are clipped). Small images are enlarged without smoothing.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    images = {title: _shown(stage) for title, stage in merged(stages).items()}
    rows = len(next(iter(images.values())))
    with mpl.rc_context(SETTINGS):
        tight = ConstrainedLayoutEngine(w_pad=0.02, h_pad=0.02, wspace=0, hspace=0)
        figure = Figure(figsize=(1.1 * len(images), 1.1 * rows + 0.3), layout=tight)
        grid = figure.subplots(rows, len(images), squeeze=False)
        for column, (title, stage) in enumerate(images.items()):
            grid[0, column].set_title(in_lines(title, 16), color=GREY, fontsize=9)
            for row in range(rows):
                grid[row, column].imshow(stage[row], cmap="gray", vmin=0, vmax=1, interpolation="nearest")
                grid[row, column].axis("off")
        return drawn(figure)


def _shown(stage: NDArray[Any]) -> NDArray[np.float64]:
    """(N, H, W) for one channel, (N, H, W, C) for three, in [0, 1]."""
    scale = 255.0 if stage.dtype == np.uint8 else 1.0
    images = np.clip(np.asarray(stage, dtype=np.float64) / scale, 0, 1)
    return images[:, 0] if images.shape[1] == 1 else np.moveaxis(images, 1, -1)


# --- top-1 over test blurs -----------------------------------------------------------------------------------------


def recovery_chart(standings: Standings, suffix: str) -> bytes:
    """`recovery_figure` of the first classifier as a picture; `suffix` is .png or .svg."""
    import matplotlib as mpl

    with mpl.rc_context(SETTINGS):
        return drawn(recovery_figure(standings), suffix)


def recovery_figure(standings: Standings, classifier: str | None = None, most: int = 6) -> Chart:
    """A chart of one classifier (the suite's first where None): a panel for each data set, top-1 over test blurs.

    Shown are the baseline in grey, the `most` best of the overall ranking, and the best oracle, dotted. Controls are
    dashed; one that does what another row does has no line. Raises UsageError where no strategy has been measured
    everywhere.
    """
    import matplotlib as mpl

    from blurbench.board.render.chart import Chart

    ranking = _ranking(standings, classifier)
    blocks = [block for block in standings.blocks if block.classifier == ranking.classifier]
    lines = list(_lines(ranking, blocks, most))
    datasets = [name for name in standings.datasets if any(block.dataset == name for block in blocks)]
    columns = min(3, len(datasets))
    rows = -(-len(datasets) // columns)
    with mpl.rc_context(SETTINGS):
        figure = Chart(figsize=(3.4 * columns + 0.3, 2.6 * rows + 0.24 * (len(lines) + 2)), layout="constrained")
        panels = figure.subplots(rows, columns, sharey=True, squeeze=False)
        for panel, dataset in zip(panels.flat, datasets, strict=False):
            _panel(panel, dataset, [block for block in blocks if block.dataset == dataset], lines)
        for panel in panels.flat[len(datasets) :]:
            panel.axis("off")
        for row in panels:
            row[0].set_ylabel(f"top-1 of {plain(ranking.classifier)}, %", color=GREY)
        handles, labels = panels.flat[0].get_legend_handles_labels()
        title = f"mean gain over {plain(standings.baseline)} under blur, percentage points"
        legend = figure.legend(handles, labels, title=title, loc="outside lower left", frameon=False, labelcolor=GREY)
        legend.get_title().set_color(GREY)
        legend.set_alignment("left")
    return figure


def _ranking(standings: Standings, classifier: str | None) -> Ranking:
    for ranking in standings.rankings:
        if classifier in (None, ranking.classifier) and ranking.rows:
            return ranking
    raise UsageError(f"nothing to draw: no strategy of {classifier or 'this board'} has been measured everywhere")


def _lines(ranking: Ranking, blocks: Sequence[Block], most: int) -> Iterator[tuple[RankedStrategy, dict[str, Any]]]:
    """What is drawn, best first and controls last, and how."""
    apart = distinct(ranking.rows, lambda one: [_top1(block, one) for block in blocks])
    shown = sorted([one for one in apart if not one.is_baseline][:most], key=lambda one: bool(one.control))
    for one, color, marker in zip(shown, cycle(PALETTE), cycle(MARKERS), strict=False):
        yield one, {"color": color, "marker": marker, "linestyle": "--" if one.control else "-"}
    for one in ranking.rows:
        if one.is_baseline:
            yield one, {"color": GREY, "linestyle": "--", "linewidth": 2}
    for one in ranking.oracles[:1]:
        yield one, {"color": GREY, "linestyle": ":", "marker": "."}


def _panel(
    panel: Axes, dataset: str, blocks: Sequence[Block], lines: Sequence[tuple[RankedStrategy, Mapping[str, Any]]]
) -> None:
    for one, look in lines:
        heights = [100 * _top1(block, one) for block in blocks]
        panel.plot(heights, label=_label(one), markersize=4, **{"linewidth": 1.3, **look})
    panel.set_xticks(range(len(blocks)), [plain(block.test_blur) for block in blocks], rotation=30, ha="right")
    styled(panel, plain(dataset))


def _top1(block: Block, one: RankedStrategy) -> float:
    row = block.by_key.get(one.key)
    return row.top1.estimate if row else float("nan")


def _label(one: RankedStrategy) -> str:
    mean = "baseline" if one.gain is None else points(one.gain.estimate)
    told = ", told the true PSF" if one.rank is None else f", control: {one.control}" if one.control else ""
    return plain(f"{row_name(one.strategy, one.train_blur)}: {mean}{told}")


# --- a wrong PSF ------------------------------------------------------------------------------------------------------


def mismatch_chart(points: Sequence[MismatchPoint]) -> bytes:
    """A picture as PNG: PSNR and top-1 over the error of sigma, a curve for each data set and blur."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(SETTINGS):
        figure = Figure(figsize=(8.0, 3.4), layout="constrained")
        panels = figure.subplots(1, 2)
        for dataset, blur, true in dict.fromkeys((point.dataset, point.blur, point.true) for point in points):
            curve = sorted(
                (one for one in points if (one.dataset, one.blur) == (dataset, blur)), key=lambda one: one.told
            )
            errors = [one.told - true for one in curve]
            name = plain(f"{dataset}, {blur}", 60)
            panels[0].plot(errors, [one.psnr for one in curve], "o-", markersize=3, label=name)
            panels[1].plot(errors, [100 * one.top1 for one in curve], "o-", markersize=3, label=name)
        for panel, heading in zip(panels, ("PSNR of the restored images, dB", "top-1, %"), strict=True):
            panel.axvline(0, color=GREY, linewidth=0.8, linestyle=":")
            panel.set_xlabel("sigma told - true sigma, pixels", color=GREY)
            styled(panel, heading, "both")
        panels[1].legend(fontsize=7, frameon=False, labelcolor=GREY)
        return drawn(figure)
