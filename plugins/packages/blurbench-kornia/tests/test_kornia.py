"""blurbench-kornia keeps the contract, and its values are those of numpy and scipy."""

from __future__ import annotations

import itertools
import math
from typing import Any

import kornia
import numpy as np
import pytest
import torch
from blurbench_kornia.bilateral import Bilateral
from blurbench_kornia.median import Median
from blurbench_kornia.skewed_motion import SkewedMotion
from numpy.typing import NDArray
from scipy import ndimage
from sklearn.datasets import load_sample_image

from blurbench.contract import Padding
from blurbench.errors import UsageError
from blurbench.imaging.draws import Draws
from blurbench.registry.discovery import discover
from blurbench.testing import check_plugin, parametrize_plugins

DRAWS = Draws([0], 0, ("test",))


@parametrize_plugins("blurbench-kornia")
def test_every_promise_of_the_contract_is_kept(plugin: Any) -> None:
    assert check_plugin(plugin).unchecked == []


def photograph() -> torch.Tensor:
    """(1, 3, 90, 120) in [0, 1]."""
    return torch.from_numpy(load_sample_image("china.jpg")[100:190, 200:320].transpose(2, 0, 1).copy())[None] / 255


def noisy() -> torch.Tensor:
    noise = torch.randn(1, 3, 90, 120, generator=torch.Generator().manual_seed(0))
    return (photograph() + noise * 15 / 255).clamp(0, 1)


def error(images: torch.Tensor) -> float:
    return float((images - photograph()).square().mean())


# --- skewed-motion -------------------------------------------------------------------------------------------------


def line(length: int, angle: float, skew: float) -> NDArray[np.float64]:
    """Where light goes, pixel by pixel: a pixel is turned back onto the row and takes what is nearest there."""
    half = length // 2
    weights = (1 + skew * np.linspace(-1, 1, length)) / 2  # from left to right
    turn, kernel = math.radians(angle), np.zeros((length, length))
    for row in range(-half, half + 1):
        for column in range(-half, half + 1):
            along = round(column * math.cos(turn) - row * math.sin(turn))
            across = round(column * math.sin(turn) + row * math.cos(turn))
            if across == 0 and abs(along) <= half:
                kernel[row + half, column + half] = weights[along + half]
    return kernel / kernel.sum()


@pytest.mark.parametrize(
    ("length", "angle", "skew"), [(5, 0, 1), (5, 90, 1), (9, 25, 0), (9, 77, -0.6), (15, 200, 0.9), (31, -50, 0.3)]
)
def test_the_psf_is_the_line_and_the_blur_is_scipys_convolution_with_it(length: int, angle: float, skew: float) -> None:
    blur, expected = SkewedMotion(length, angle, skew), line(length, angle, skew)
    np.testing.assert_allclose(blur.psf(DRAWS).weights[0].numpy(), expected, atol=1e-12)
    convolved = [ndimage.convolve(channel, expected, mode="mirror") for channel in photograph()[0].double().numpy()]
    degraded = blur.degrade(photograph(), DRAWS)
    np.testing.assert_allclose(degraded.images[0].numpy(), convolved, atol=1e-6)


def test_a_point_smears_to_the_right_and_most_light_goes_to_the_end() -> None:
    point = torch.zeros(1, 1, 11, 11)
    point[..., 5, 5] = 1
    row = SkewedMotion(5, 0, 1).degrade(point, DRAWS).images[0, 0, 5]
    torch.testing.assert_close(row[3:8], torch.tensor([0, 0.1, 0.2, 0.3, 0.4]))


@pytest.mark.parametrize(
    ("padding", "border"), [("reflect", "reflect"), ("replicate", "replicate"), ("zeros", "constant")]
)
def test_pictures_are_those_of_kornia_itself(padding: Padding, border: str) -> None:
    degraded = SkewedMotion(9, 130, -0.4, padding).degrade(photograph(), DRAWS)
    expected = kornia.filters.motion_blur(photograph(), 9, 130.0, -0.4, border)
    torch.testing.assert_close(degraded.images, expected, rtol=0, atol=1e-6)


def test_each_image_draws_an_angle_and_a_skew_of_its_own() -> None:
    draws = Draws(range(200), 0, ("test",))
    weights = SkewedMotion(9).psf(draws).weights
    assert len({tuple(kernel.flatten().tolist()) for kernel in weights}) == 200
    offset = torch.arange(9, dtype=torch.float64) - 4
    centres = torch.stack([(weights.sum(2) * offset).sum(1), (weights.sum(1) * offset).sum(1)])
    assert centres.mean(1).abs().max() < 0.3  # all directions, so that nothing moves on the whole
    assert centres.square().sum(0).sqrt().max() > 1


# --- bilateral and median ------------------------------------------------------------------------------------------


def weighted_mean(picture: NDArray[np.float64], size: int, sigma: float, contrast: float) -> NDArray[np.float64]:
    """(C, H, W): the bilateral filter as it is written down, one neighbour after the other."""
    half, (_, height, width) = size // 2, picture.shape
    wide = np.pad(picture, ((0, 0), (half, half), (half, half)), mode="edge")
    total, weights = np.zeros_like(picture), np.zeros((height, width))
    for down, right in itertools.product(range(size), repeat=2):
        neighbour = wide[:, down : down + height, right : right + width]
        apart = ((down - half) ** 2 + (right - half) ** 2) / sigma**2
        unlike = np.square(neighbour - picture).sum(0) / contrast**2
        weight = np.exp(-(apart + unlike) / 2)
        total, weights = total + weight * neighbour, weights + weight
    return total / weights


@pytest.mark.parametrize(("size", "sigma", "contrast"), [(5, 1.5, 25.0), (9, 3.0, 60.0)])
def test_the_bilateral_filter_is_the_weighted_mean(size: int, sigma: float, contrast: float) -> None:
    expected = weighted_mean(noisy()[0].double().numpy(), size, sigma, contrast / 255)
    restored = Bilateral(size, sigma, contrast).restore(noisy(), None)
    np.testing.assert_allclose(restored[0].numpy(), expected, atol=1e-5)


@pytest.mark.parametrize("size", [3, 5, 9])
def test_the_median_is_scipys(size: int) -> None:
    restored = Median(size).restore(noisy(), None)
    expected = [ndimage.median_filter(channel, size, mode="nearest") for channel in noisy()[0].numpy()]
    np.testing.assert_array_equal(restored[0].numpy(), expected)


def test_each_wins_back_what_its_noise_takes() -> None:
    assert error(Bilateral(contrast=60).restore(noisy(), None)) < 0.75 * error(noisy())
    specks = photograph()
    specks[torch.rand(specks.shape, generator=torch.Generator().manual_seed(1)) < 0.1] = 0
    assert error(Median().restore(specks, None)) < 0.7 * error(specks)


@pytest.mark.parametrize("plugin", ["skewed-motion[length=4]", "bilateral[size=4]", "median[size=4]"])
def test_even_sides_are_refused(plugin: str) -> None:
    kind = "blurs" if plugin.startswith("skewed") else "restorers"
    with pytest.raises(UsageError, match=r"(length|size) must be odd, not 4$"):
        discover().resolve(kind, plugin)
