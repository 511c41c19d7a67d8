"""Pictures of readings: where a photograph is how blurred, and a histogram of many sigmas."""

from __future__ import annotations

from typing import TYPE_CHECKING

from blurbench.board.render.drawing import drawn
from blurbench.imaging.files import Picture
from blurbench.running.probe_summary import BIN, BLURRED, Summary
from blurbench.running.probing import Reading

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["drawing_of", "histogram_of"]

_SHOWN = 1000
"""Pixels of the photograph's longer side that are shown at most; the map is read at full size."""


def drawing_of(reading: Reading, title: str, most: float) -> bytes:
    """A PNG; `most` is the end of the colour scale. An even frame is left out, and windows that cannot
    be read are grey."""
    import numpy as np
    from matplotlib.figure import Figure
    from matplotlib.ticker import MultipleLocator

    picture = reading.view.cropped()
    tall = picture.height / picture.width
    figure = Figure(figsize=(11.0, max(2.5, min(12.0, 5.0 * tall + 0.9))), layout="constrained", dpi=110)
    left, right = figure.subplots(1, 2)
    limits = (0, picture.width, picture.height, 0)
    left.imshow(_thumbnail(picture), cmap="gray", vmin=0, vmax=1, extent=limits)
    left.set_title("picture (luminance)")
    # Each reading is painted at its window's centre, as wide as the stride.
    half, (rows, columns) = (reading.window - reading.stride) / 2, reading.sigmas.shape
    painted = (half, half + columns * reading.stride, half + rows * reading.stride, half)
    right.set_facecolor("0.85")
    shown = right.imshow(
        np.ma.masked_invalid(reading.sigmas), cmap="viridis", vmin=0, vmax=most, extent=painted, interpolation="nearest"
    )
    right.axis((limits[0], limits[1], limits[2], limits[3]))
    right.set_title(f"windows of {reading.window} px every {reading.stride}; grey: nothing to read")
    bar = figure.colorbar(shown, ax=right, label="sigma in pixels", extend="max", fraction=0.05)
    bar.ax.yaxis.set_major_locator(MultipleLocator(0.5))
    for axes in (left, right):
        axes.set_xticks([])
        axes.set_yticks([])
        axes.set_aspect("equal")
    # A name may hold dollar signs, which are no formulas.
    figure.suptitle(title, parse_math=False)
    return drawn(figure, dpi="figure", transparent=False)


def histogram_of(found: Summary) -> bytes:
    """A PNG."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.0, 3.5), layout="constrained", dpi=110)
    axes = figure.subplots()
    lows, counts = zip(*found.bins(), strict=True)
    axes.bar(lows, counts, width=BIN, align="edge", color=["C1" if low >= BLURRED else "C0" for low in lows])
    axes.set_xlabel(f"sigma in pixels of the file; blurred from {BLURRED:.1f}; readings end at {found.limit:.1f}")
    axes.set_ylabel("pictures")
    axes.set_title(found.lines()[0], fontsize=9, parse_math=False)
    return drawn(figure, dpi="figure", transparent=False)


def _thumbnail(picture: Picture) -> NDArray[np.float32]:
    """Every n-th pixel of every n-th row, without reading all of them at once."""
    import numpy as np

    step = max(1, -(-max(picture.height, picture.width) // _SHOWN))
    rows = [picture.grey(top, 0, top + 1, picture.width)[0, ::step] for top in range(0, picture.height, step)]
    return np.nan_to_num(np.stack(rows), nan=1.0)
