"""Noise that is read off an image."""

from __future__ import annotations

import pytest
import torch
from skimage import data

from blurbench.contract import GaussianPsf
from blurbench.imaging.convolution import convolve
from blurbench.imaging.noise import noise_std


@pytest.mark.parametrize("std", [1, 2, 5, 10])
def test_the_noise_on_a_blurred_photograph_is_read_to_a_tenth(std: float) -> None:
    photograph = torch.from_numpy(data.camera()).float()[None, None] / 255
    blurred = convolve(photograph, GaussianPsf(torch.tensor([1.5])))
    noisy = blurred + std / 255 * torch.randn(blurred.shape, generator=torch.Generator().manual_seed(0))
    assert noise_std(noisy).item() * 255 == pytest.approx(std, rel=0.1)


def test_an_image_without_noise_has_none_and_each_is_read_alone() -> None:
    smooth = torch.linspace(0, 1, 64).expand(1, 3, 64, 64)
    noisy = smooth + 0.02 * torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    together = noise_std(torch.cat([smooth, noisy]))
    assert together[0].item() < 1e-6
    torch.testing.assert_close(together[1:], noise_std(noisy))
