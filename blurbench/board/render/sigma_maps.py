"""Pictures of maps of sigma: the blurred picture, the truth, what each estimator says and how far it is off."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blurbench.board.render.drawing import GREY, SETTINGS, drawn, in_lines
from blurbench.measurements.blur_estimation.result import SMALLEST_SCALE, steps_of

__all__ = ["MAP_PARTS", "map_picture"]

_WORST = 1.0


MAP_PARTS = ("picture", "true", "estimate", "smoothed")
"""What is kept of a row and shown."""


def map_picture(maps: Mapping[str, Mapping[str, NDArray[np.uint8]]]) -> bytes:
    """A PNG with a row for each estimator, by its title: picture, true sigma, estimate, estimate - truth, and the
    profile along the middle of the map. `maps` holds of each what `Store.samples` keeps."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context({**SETTINGS, "font.size": 8}):
        figure = Figure(figsize=(9.0, 1.75 * len(maps) + 0.5), layout="constrained")
        grid = figure.subplots(len(maps), 5, squeeze=False, width_ratios=[1, 1, 1, 1, 1.5])
        for axes, (title, kept) in zip(grid, maps.items(), strict=True):
            largest = int(kept["largest"].max()) if "largest" in kept else SMALLEST_SCALE
            true, said, smooth = (kept[name][0] / steps_of(largest) for name in ("true", "estimate", "smoothed"))
            axes[0].imshow(kept["picture"][0, 0], cmap="gray", vmin=0, vmax=255)
            for place, sigma in ((1, true), (2, said)):
                shown = axes[place].imshow(sigma, cmap="viridis", vmin=0, vmax=largest)
            figure.colorbar(shown, ax=axes[2], shrink=0.8)
            shown = axes[3].imshow(said - true, cmap="RdBu_r", vmin=-_WORST, vmax=_WORST)
            figure.colorbar(shown, ax=axes[3], shrink=0.8)
            _profile(axes[4], true, said, smooth, largest)
            # In lines as long as a picture is high; what sets two rows apart may stand at the end.
            axes[0].set_ylabel(in_lines(title, 26, break_on_hyphens=False), color=GREY)
            for one in axes[:4]:
                one.set_xticks([])
                one.set_yticks([])
        for one, heading in zip(
            grid[0], ("picture", "true sigma", "estimate", "error", "middle of the map"), strict=True
        ):
            one.set_title(heading, color=GREY)
        return drawn(figure, dpi=110, transparent=False)


def _profile(axes: Any, true: NDArray[Any], said: NDArray[Any], smooth: NDArray[Any], largest: int) -> None:
    """Sigma along the middle row, or the middle column where sigma changes downwards."""
    if np.abs(np.diff(true, axis=0)).sum() > np.abs(np.diff(true, axis=1)).sum():
        true, said, smooth = true.T, said.T, smooth.T
    row = len(true) // 2
    axes.plot(said[row], ".", color="#56b4e9", markersize=1.5, label="estimate")
    axes.plot(smooth[row], color="#d55e00", linewidth=0.8, label="smoothed")
    axes.plot(true[row], color="black", linewidth=0.8, label="truth")
    axes.set_ylim(0, largest + 0.1)
    axes.legend(fontsize=5, loc="upper left", frameon=False)
    axes.tick_params(labelsize=6)
