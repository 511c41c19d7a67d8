"""Sharp grey scenes drawn by a program, and windows of them under a known Gaussian blur.

Three kinds of scenes: dead leaves (opaque shapes of power-law sizes that hide each other, which gives the edges and
spectra of photographs; Lee, Mumford and Huang 2001), a few strokes on an even ground (writing), and noise whose
amplitude falls as a power of frequency (texture). Each is drawn three times too large and reduced by averaging squares
of 3x3 pixels, as a sensor's pixels average light: the sharpest picture that a camera can take, which is what sigma = 0
means here.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Grey: TypeAlias = "NDArray[np.float32]"
"""Values (H, W) in [0, 1]."""

SIDE = 192
FINER = 3
LARGEST_SIGMA = 3.8
"""Beyond what is ever answered, so that the answers near 3 are not pushed down."""


@dataclass(frozen=True)
class Windows:
    """`pixels` float32 (n, side, side), `sigma` float32 (n,)."""

    pixels: NDArray[np.float32]
    sigma: NDArray[np.float32]


def scenes(count: int, seed: int) -> Iterator[Grey]:
    """`count` scenes of 192x192 pixels: of every six, four dead leaves, one of strokes, one noise."""
    draws = np.random.RandomState(seed)
    kinds = (dead_leaves, dead_leaves, strokes, dead_leaves, dead_leaves, power_law_noise)
    for number in range(count):
        yield reduced(kinds[number % len(kinds)](draws, SIDE * FINER), FINER)


def reduced(picture: Grey, times: int) -> Grey:
    """Averages of squares of `times` pixels a side; what is left over on the right and below is dropped."""
    rows, columns = (length // times for length in picture.shape)
    squares = picture[: rows * times, : columns * times].reshape(rows, times, columns, times)
    return np.asarray(squares.mean((1, 3)), np.float32)


# --- scenes --------------------------------------------------------------------------------------------------------


def dead_leaves(draws: np.random.RandomState, side: int) -> Grey:
    """Shapes from front to back until nothing shows through; radii with density ~ r^-2.2, the least 1 to 6 pixels."""
    scene = np.full((side, side), np.nan, np.float32)
    smallest, largest = FINER * draws.uniform(1.0, 6.0), 0.35 * side
    for _ in range(3500):
        share = draws.uniform()
        radius = (smallest**-1.2 * (1 - share) + largest**-1.2 * share) ** (-1 / 1.2)
        _leaf(scene, draws, radius, float(draws.beta(1.2, 1.2)))
        if not np.isnan(scene).any():
            break
    return np.clip(np.nan_to_num(scene, nan=0.5), 0.0, 1.0)


def strokes(draws: np.random.RandomState, side: int) -> Grey:
    """Up to 60 straight strokes of one width and tone on an even ground."""
    ground, tone = draws.choice([0.0, 1.0], 2, replace=False) + draws.uniform(-0.3, 0.3, 2)
    scene = np.full((side, side), ground, np.float32)
    rows, columns = np.mgrid[:side, :side].astype(np.float32)
    width = FINER * draws.uniform(1.0, 6.0)
    for _ in range(draws.randint(15, 60)):
        angle, length = draws.uniform(0, np.pi), FINER * draws.uniform(5, 40)
        down, across = rows - draws.uniform(0, side), columns - draws.uniform(0, side)
        along = np.cos(angle) * across + np.sin(angle) * down
        aside = np.cos(angle) * down - np.sin(angle) * across
        scene[(np.abs(aside) < width / 2) & (np.abs(along) < length / 2)] = tone
    return np.clip(scene, 0.0, 1.0)


def power_law_noise(draws: np.random.RandomState, side: int) -> Grey:
    """Amplitude ~ f^-a, a from 0.7 to 1.6, standard deviation 0.1 to 0.2."""
    frequency = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None])
    frequency[0, 0] = 1.0
    spectrum = np.fft.rfft2(draws.standard_normal((side, side))) * frequency ** -draws.uniform(0.7, 1.6)
    spectrum[0, 0] = 0.0
    noise = np.fft.irfft2(spectrum, s=(side, side))
    return np.asarray(np.clip(0.5 + draws.uniform(0.1, 0.2) * noise / noise.std(), 0.0, 1.0), np.float32)


def _leaf(scene: Grey, draws: np.random.RandomState, radius: float, tone: float) -> None:
    """Draw one ellipse, rectangle or triangle where nothing is in front of it yet."""
    side = len(scene)
    row, column = draws.uniform(-radius, side + radius, 2)
    top, left = (max(0, int(centre - 1.5 * radius)) for centre in (row, column))
    bottom, right = (min(side, int(centre + 1.5 * radius) + 1) for centre in (row, column))
    kind, angle, slimness = draws.randint(3), draws.uniform(0, np.pi), draws.uniform(1.0, 2.5)
    if top >= bottom or left >= right:
        return
    down, across = np.ogrid[top - row : bottom - row - 0.5, left - column : right - column - 0.5]
    along = np.cos(angle) * across + np.sin(angle) * down
    aside = np.cos(angle) * down - np.sin(angle) * across
    if kind == 0:
        inside = along**2 + (aside * slimness) ** 2 < radius**2
    elif kind == 1:
        inside = np.maximum(np.abs(along), np.abs(aside) * slimness) < radius
    else:
        inside = (along > -0.7 * radius) & (2 * np.abs(aside) < radius - along)
    shown = scene[top:bottom, left:right]
    inside &= np.isnan(shown)
    shown[inside] = (tone + _shading(draws, along, radius))[inside]


def _shading(draws: np.random.RandomState, along: NDArray[np.float64], radius: float) -> NDArray[np.float64]:
    """A slope, and on some leaves stripes or grain."""
    shade = draws.normal(0, 0.08) * along / radius
    if draws.uniform() < 0.3:
        period = FINER * draws.uniform(2.5, 30)
        shade = shade + draws.uniform(0, 0.15) * np.sin(2 * np.pi * along / period + draws.uniform(0, 6.3))
    if draws.uniform() < 0.3:
        shade = shade + draws.uniform(0, 0.25) * draws.standard_normal(along.shape)
    return np.asarray(shade)


# --- what a camera makes of them -----------------------------------------------------------------------------------


def degraded(picture: Grey, sigma: float, draws: np.random.RandomState, noise: float, jpeg: int | None) -> Grey:
    """Blurred (mirrored at the border), `noise` / 255 added, rounded to 8 bits; saved as JPEG of quality `jpeg`."""
    from PIL import Image
    from scipy.ndimage import gaussian_filter  # type: ignore[import-untyped]

    blurred = gaussian_filter(picture, sigma, mode="mirror") + noise / 255 * draws.standard_normal(picture.shape)
    rounded = np.round(255 * np.clip(blurred, 0.0, 1.0)).astype(np.uint8)
    if jpeg is not None:
        file = io.BytesIO()
        Image.fromarray(rounded).save(file, "JPEG", quality=jpeg)
        rounded = np.asarray(Image.open(file))
    return np.asarray(rounded / np.float32(255), np.float32)


def blurred_windows(count: int, seed: int, side: int, blurs: int = 30, each: int = 40) -> Iterator[Windows]:
    """Windows of `count` scenes, scene by scene, each scene seen under `blurs` blurs of random sigma, contrast, noise
    (half of the time, up to 4/255) and JPEG quality (60 to 98, a quarter of the time), at most `each` windows from
    each. Flat windows (standard deviation up to 2/255) are left out."""
    draws = np.random.RandomState(seed + 1)
    for scene in scenes(count, seed):
        parts = [_one_blur(scene, sigma, draws, side, each) for sigma in draws.uniform(0.0, LARGEST_SIGMA, blurs)]
        yield Windows(np.concatenate([part.pixels for part in parts]), np.concatenate([part.sigma for part in parts]))


def _one_blur(scene: Grey, sigma: float, draws: np.random.RandomState, side: int, each: int) -> Windows:
    contrast = draws.uniform(0.3, 1.0)
    picture = np.asarray(draws.uniform(0, 1 - contrast) + contrast * scene, np.float32)
    noise = draws.choice([0.0, draws.uniform(0, 4)])
    jpeg = int(draws.randint(60, 99)) if draws.uniform() < 0.25 else None
    found = _textured(degraded(picture, sigma, draws, noise, jpeg), side)
    chosen = found[draws.permutation(len(found))[:each]]
    return Windows(chosen, np.full(len(chosen), sigma, np.float32))


def _textured(picture: Grey, side: int) -> NDArray[np.float32]:
    windows = np.lib.stride_tricks.sliding_window_view(picture, (side, side))[::8, ::8].reshape(-1, side, side)
    return np.asarray(windows[windows.std((1, 2)) > 2 / 255])
