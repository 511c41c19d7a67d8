"""The noise of a sensor."""

from __future__ import annotations

import math

import pytest
import torch
from blurbench_blurs.gaussian_noise import GaussianNoise

from blurbench.contract import Choice, Range
from blurbench.imaging.psf import is_delta
from tests.plugins.blurs.drawn import degraded


def test_noise_has_its_standard_deviation_and_is_not_clipped() -> None:
    x = torch.zeros(300, 1, 28, 28)
    result = degraded(GaussianNoise(4), x)
    assert float(255 * result.images.std()) == pytest.approx(4.0, abs=0.02)
    assert float(result.images.min()) < 0
    assert result.noise_std == pytest.approx(4 / 255)
    assert result.psf is not None
    assert is_delta(result.psf)


def test_noise_is_drawn_for_each_image_pixel_and_channel() -> None:
    noise = degraded(GaussianNoise(2), torch.zeros(3, 3, 16, 16)).images
    assert len(noise.unique()) == noise.numel()


def test_the_noise_that_is_told_is_the_root_mean_square_of_what_can_be_drawn() -> None:
    x = torch.zeros(2000, 1, 8, 8)
    for std, expected in ((Range(0, 3), math.sqrt(3)), (Choice((1.0, 7.0)), 5.0)):
        result = degraded(GaussianNoise(std), x)
        assert result.noise_std == pytest.approx(expected / 255)
        assert float(result.images.square().mean().sqrt()) == pytest.approx(expected / 255, rel=0.03)
