"""How blurred is a picture: sigma window by window, and one sigma that stands for them.

A window can be read only where there is something in it: its standard deviation, noise taken off, must reach
`FAINTEST_TEXTURE`. What is in a scene can be smooth by itself and then looks blurred, but nothing looks sharper than it
is: so a low quantile of the windows, `SHARPER_SHARE`, stands for the picture. Both were chosen on validation
photographs, which `benchmarks/probe_error.py` names. An even frame is left out, and low contrast is stretched
(`viewing`); what no Gaussian describes, a smear, is looked for beside it (`motion`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from blurbench.contract import Estimator
from blurbench.imaging.files import Picture
from blurbench.running.motion import Motion, read_motion
from blurbench.running.viewing import View

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["FAINTEST_TEXTURE", "MOST_WINDOWS", "SHARPER_SHARE", "Reading", "probe"]

FAINTEST_TEXTURE = 6 / 255
SHARPER_SHARE = 0.3
MOST_WINDOWS = 16_384
"""Of a larger picture windows further apart are read."""

_BAND = 2**21
"""So many pixels are looked at at a time."""


@dataclass(frozen=True, eq=False)
class Reading:
    """What was read off one picture."""

    sigma: float | None
    """In pixels; None where no window can be read."""
    spread: tuple[float, float] | None
    """The 10th and the 90th percentile of the windows that can be read."""
    sigmas: NDArray[np.float32]
    """(h, w), NaN where there is nothing to read; entry (i, j) is of the window that starts at (i stride, j stride)."""
    window: int
    stride: int
    noise: float
    """Standard deviation of the noise, of 255: an upper bound, as fine texture everywhere looks the same."""
    darkest: float
    brightest: float
    """The least and the largest value in what was read, of 255."""
    view: View
    motion: Motion | None
    """None where there is too little in the picture to look for one."""

    @property
    def textured(self) -> int:
        """The number of windows that could be read."""
        import numpy as np

        return int(np.isfinite(self.sigmas).sum())


def probe(picture: Picture, estimator: Estimator, stride: int) -> Reading:
    """Read a picture whose sides are at least the estimator's window, every `stride` pixels or, where that would be
    more than `MOST_WINDOWS` windows, every multiple of it that is not.

    Raises PluginError or NotFinite where what the estimator gives is no sigma for each window within its limits.
    """
    import numpy as np

    window, wanted = estimator.window, stride
    view = View.of(picture, window)
    while _count(view.height, window, stride) * _count(view.width, window, stride) > MOST_WINDOWS:
        stride += wanted
    parts, darkest, brightest = [], 1.0, 0.0
    for band in _bands(view, window, stride):
        parts.append(_read_band(band, estimator, stride))
        values = band[np.isfinite(band)] / view.gain + (view.low if view.gain > 1 else 0.0)
        darkest = min(darkest, float(values.min(initial=1.0)))
        brightest = max(brightest, float(values.max(initial=0.0)))
    sigmas, texture, grain = (np.concatenate(part) for part in zip(*parts, strict=True))
    noise = _noise(grain)
    sigmas[~(texture**2 >= FAINTEST_TEXTURE**2 + noise**2)] = np.nan
    readable = sigmas[np.isfinite(sigmas)]
    sigma = spread = None
    if readable.size:
        sigma = float(np.quantile(readable, SHARPER_SHARE))
        spread = float(np.quantile(readable, 0.1)), float(np.quantile(readable, 0.9))
    seen = 255 * noise / view.gain, 255 * darkest, 255 * brightest
    return Reading(sigma, spread, sigmas, window, stride, *seen, view, read_motion(view))


def _count(length: int, window: int, stride: int) -> int:
    return (length - window) // stride + 1


def _bands(view: View, window: int, stride: int) -> Iterator[NDArray[np.float32]]:
    """The picture in strips that overlap, so that each window lies in one of them."""
    rows = _count(view.height, window, stride)
    some = max(1, (_BAND // view.width - window) // stride + 1) if stride <= window else 1
    for first in range(0, rows, some):
        last = min(first + some, rows) - 1
        yield view.grey(first * stride, 0, last * stride + window, view.width)


def _read_band(
    band: NDArray[np.float32], estimator: Estimator, stride: int
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """The sigma, the standard deviation and the grain of each window (h, w) of a strip (H, W); where a part of a
    window is not opaque the latter two are NaN."""
    import numpy as np
    import torch

    from blurbench.imaging.received import check_sigmas

    opaque = np.nan_to_num(band)
    said = estimator.sigma_map(torch.from_numpy(opaque)[None, None], None, stride)
    rows, columns = (_count(length, estimator.window, stride) for length in band.shape)
    check_sigmas(f"estimator {type(estimator).__name__}", said, (1, rows, columns), estimator.limits)
    sigmas = said[0].detach().float().cpu().numpy().copy()
    mean, square = (_means(values.astype(np.float64), estimator.window, stride) for values in (band, band**2))
    grain = _means(_fine(band) ** 2, estimator.window - 2, stride)[: mean.shape[0], : mean.shape[1]]
    return sigmas, np.sqrt(np.maximum(square - mean**2, 0)), np.sqrt(np.maximum(grain, 0))


def _means(values: NDArray[np.float64], window: int, stride: int) -> NDArray[np.float64]:
    """The means of all windows; NaN stays in the windows that hold one."""
    import numpy as np

    holes = np.isnan(values)
    total = np.zeros((values.shape[0] + 1, values.shape[1] + 1))
    lost = np.zeros_like(total)
    total[1:, 1:] = np.nan_to_num(values).cumsum(0).cumsum(1)
    lost[1:, 1:] = holes.cumsum(0).cumsum(1)
    sums, losses = (
        field[window::stride, window::stride]
        - field[:-window:stride, window::stride]
        - field[window::stride, :-window:stride]
        + field[:-window:stride, :-window:stride]
        for field in (total, lost)
    )
    return np.where(losses > 0, np.nan, sums / window**2)


def _fine(band: NDArray[np.float32]) -> NDArray[np.float64]:
    """What neither a slope nor an edge along an axis leaves, scaled so that white noise keeps its standard deviation
    (Immerkaer 1996): (H, W) -> (H - 2, W - 2)."""
    import numpy as np

    once = np.diff(band.astype(np.float64), 2, axis=0)
    return np.diff(once, 2, axis=1) / 6


def _noise(grain: NDArray[np.float64]) -> float:
    """The tenth part of all windows with the least grain is taken for even; where it has none at all it is clipped."""
    import numpy as np

    grain = grain[np.isfinite(grain) & (grain > 0)]
    return float(np.quantile(grain, 0.1)) if grain.size else 0.0
