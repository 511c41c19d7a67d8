"""A Gaussian whose width changes over the image, against one scipy convolution a column."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.signal
import torch
from blurbench_blurs.chain import Chain
from blurbench_blurs.round_8bit import Round8Bit
from blurbench_blurs.varying_gaussian import VaryingGaussian

from blurbench.contract import SigmaMap
from blurbench.errors import UsageError
from blurbench.imaging.draws import Draws
from blurbench.matrix.exposure import exposure
from blurbench.registry import Registry


def draws(n: int) -> Draws:
    return Draws(range(n), 1, ("test",))


def images(n: int = 2, h: int = 20, w: int = 45) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(0).random((n, 1, h, w), dtype=np.float32))


def column_by_column(image: np.ndarray, sigma: np.ndarray) -> np.ndarray:
    """As published: each output column from the whole image blurred with that column's kernel, black beyond."""
    out = np.empty(image.shape)
    for column, s in enumerate(sigma):
        half = math.ceil(2 * s)
        y, x = np.mgrid[-half : half + 1, -half : half + 1]
        kernel = np.exp(-(y**2 + x**2) / (2 * s**2))
        out[:, column] = scipy.signal.convolve2d(image, kernel / kernel.sum(), mode="same")[:, column]
    return out


def test_the_published_sine_is_the_default() -> None:
    c = np.arange(1, 641)
    np.testing.assert_allclose(VaryingGaussian("sine").profile(640).numpy(), 1.55 + 1.45 * np.sin(0.02 * c), atol=1e-12)


def test_a_ramp_rises_evenly_from_low_to_high() -> None:
    assert VaryingGaussian(low=1, high=2).profile(5).tolist() == pytest.approx([1, 1.25, 1.5, 1.75, 2])


@pytest.mark.parametrize("blur", [VaryingGaussian("ramp"), VaryingGaussian("sine", period=30)], ids=repr)
def test_every_column_has_its_own_gaussian(blur: VaryingGaussian) -> None:
    x = images()
    blurred = blur.degrade(x, draws(2)).images
    for seen, clean in zip(blurred[:, 0].numpy(), x[:, 0].double().numpy(), strict=True):
        np.testing.assert_allclose(seen, column_by_column(clean, blur.profile(45).numpy()), atol=1e-5)


def test_along_y_it_is_the_same_turned() -> None:
    x = images()
    across = VaryingGaussian("sine", period=30).degrade(x, draws(2)).images
    down = VaryingGaussian("sine", period=30, axis="y").degrade(x.mT, draws(2)).images
    torch.testing.assert_close(down, across.mT, rtol=0, atol=1e-6)


def test_the_map_of_sigma_is_known_and_nothing_is_drawn() -> None:
    source = draws(2)
    result = Chain((VaryingGaussian(), Round8Bit())).degrade(images(), source)
    assert isinstance(result.psf, SigmaMap)
    assert result.psf.sigma.shape == (2, 20, 45)
    assert result.psf.sigma[1, 7].tolist() == pytest.approx(np.linspace(0.1, 3, 45).tolist())
    assert result.padding == "zeros"
    assert not source.drawn


@pytest.mark.parametrize(
    ("test", "trained", "expected"),
    [
        ("varying-gaussian[low=1, high=2]", "varying-gaussian", "seen"),
        ("varying-gaussian[pattern=sine]", "varying-gaussian", "unseen severity"),
        ("varying-gaussian[axis=y]", "varying-gaussian", "unseen severity"),
        ("varying-gaussian", "gaussian[sigma={low=0.1, high=3}]", "unseen severity"),
        ("varying-gaussian", "defocus[radius=2]", "unseen family"),
    ],
)
def test_it_is_a_gaussian_that_no_uniform_one_covers(
    registry: Registry, test: str, trained: str, expected: str
) -> None:
    assert exposure(registry.resolve("blurs", test), [registry.resolve("blurs", trained)]) == expected


def test_low_above_high_is_refused(registry: Registry) -> None:
    with pytest.raises(UsageError, match=r"low \(2\) must not be above high \(1\)"):
        registry.resolve("blurs", "varying-gaussian[low=2, high=1]")
