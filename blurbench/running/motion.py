"""Has the camera moved? Length and angle of a straight, even smear, read off the cepstrum of a picture.

A smear over L pixels multiplies the spectrum by a sinc, whose zeros lie at multiples of 1 / L along the motion. The
transform of the logarithm of the power spectrum (the cepstrum, Cannon 1976) has a deep, narrow minimum where the
zeros repeat: at L pixels in the direction of the motion. What is in the scene hardly has one, as it seldom repeats with
alternating sign; the mean over directions, with it every isotropic blur, is taken off first.

A motion is said where the minimum is deep, stands out from its surroundings, and the whole spectrum differs between
directions. The three limits were chosen on validation photographs, textures (`benchmarks/probe_error.py` names them)
and drawn scenes, whole and in parts of 256 and 160 pixels; `benchmarks/probe_motion.py` measures them on others.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from blurbench.running.viewing import View

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Motion", "read_motion"]

SIDES = (64, 128, 256)
"""Of the windows; a smear can be read up to a third of that."""
MOST_WINDOWS = 256
SHORTEST = 5.0
"""Pixels; below it lies what scenes themselves have."""
DEPTH, STANDS_OUT, DIRECTED = 0.08, 10.0, 0.4
STRIPES = 0.8
"""How much a spectrum must differ between directions to be remarked on where no length can be read."""
_TEXTURE = 6 / 255
_NEIGHBOURS = 7
"""Side of the square whose median is what surrounds a point of the cepstrum."""


@dataclass(frozen=True)
class Motion:
    """What a spectrum says of motion."""

    directed: float
    """How much the logarithm of the power differs between directions."""
    length: float | None = None
    """Pixels; None where no even smear can be read."""
    angle: float | None = None
    """Degrees from the rows, anticlockwise as the picture is seen, 0 to 180."""


def read_motion(view: View) -> Motion | None:
    """The motion over the whole picture; None where there is too little of it to say."""
    import numpy as np
    from scipy.ndimage import median_filter  # type: ignore[import-untyped]

    side = _side(view)
    power = None if side is None else _mean_log_power(view, side)
    if side is None or power is None:
        return None
    grid = _grid(side)
    rest = power - (np.bincount(grid.ring.ravel(), power.ravel()) / np.bincount(grid.ring.ravel()))[grid.ring]
    cepstrum = np.fft.ifft2(rest * grid.taper).real / grid.taper.mean()
    dips = cepstrum - median_filter(cepstrum, _NEIGHBOURS, mode="wrap")
    directed = float(2 * abs((rest * grid.turns)[grid.middle].mean()))
    best = np.unravel_index(np.where(grid.half, dips, np.inf).argmin(), dips.shape)
    depth, spread = -float(dips[best]), 1.4826 * float(np.median(np.abs(dips[grid.far])))
    if not (depth > DEPTH and depth > STANDS_OUT * spread and directed > DIRECTED):
        return Motion(directed)
    down, across = (_signed(int(place), side) for place in best)
    return Motion(directed, float(np.hypot(down, across)), float(np.degrees(np.arctan2(-down, across)) % 180))


def _side(view: View) -> int | None:
    """The largest windows of which a few fit."""
    fitting = [side for side in SIDES if min(view.height, view.width) >= (side if side < 256 else 4 * side)]
    return fitting[-1] if fitting else None


def _mean_log_power(view: View, side: int) -> NDArray[np.float64] | None:
    """(side, side), the mean over windows with texture in them; None where there is none."""
    import numpy as np

    hann = np.hanning(side + 1)[:side]
    taper = hann[:, None] * hann
    rounding = (view.gain / 255) ** 2 / 12
    total, count = np.zeros((side, side)), 0
    for top, left in _places(view.height, view.width, side):
        values = view.grey(top, left, top + side, left + side).astype(np.float64)
        if not values.std() >= _TEXTURE:  # NaN where not opaque
            continue
        level = (values * taper).sum() / taper.sum()
        power = np.abs(np.fft.fft2((values - level) * taper)) ** 2 / (taper**2).sum()
        total, count = total + np.log(power + rounding), count + 1
    return total / count if count else None


def _places(height: int, width: int, side: int) -> list[tuple[int, int]]:
    """Windows that overlap by half, or `MOST_WINDOWS` of them at even distances."""
    step = side // 2
    places = [(top, left) for top in range(0, height - side + 1, step) for left in range(0, width - side + 1, step)]
    every = -(-len(places) // MOST_WINDOWS)
    return places[::every]


@dataclass(frozen=True, eq=False)
class _Grid:
    """Frequencies and lags of a window."""

    ring: NDArray[np.int64]
    taper: NDArray[np.float64]
    """What each frequency counts: nothing of the lowest, which are the scene's, and of the corners."""
    middle: NDArray[np.bool_]
    turns: NDArray[np.complex128]
    far: NDArray[np.bool_]
    half: NDArray[np.bool_]
    """One of each pair of opposite lags that a smear may have."""


@cache
def _grid(side: int) -> _Grid:
    import numpy as np

    down, across = np.fft.fftfreq(side)[:, None], np.fft.fftfreq(side)[None]
    frequency = np.hypot(down, across)
    taper = np.where((frequency < 0.5) & (frequency > 2.5 / side), np.cos(np.pi * frequency) ** 2, 0.0)
    lag = side * frequency
    far = (lag >= SHORTEST) & (lag <= side / 3)
    return _Grid(
        np.round(lag).astype(np.int64),
        taper,
        (frequency > 0.08) & (frequency < 0.4),
        np.exp(2j * np.arctan2(down, across)),
        far,
        far & ((down > 0) | ((down == 0) & (across > 0))),
    )


def _signed(place: int, side: int) -> int:
    return place - side if place >= side // 2 else place
