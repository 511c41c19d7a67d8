"""The rounding of a sensor."""

from __future__ import annotations

import pytest
import torch
from blurbench_blurs.gaussian_noise import GaussianNoise
from blurbench_blurs.round_8bit import Round8Bit

from tests.plugins.blurs.drawn import ROUNDING, degraded


def test_rounding_gives_the_values_of_an_8_bit_file() -> None:
    x = torch.tensor([-0.1, 0.0, 0.4 / 255, 0.6 / 255, 100.3 / 255, 1.0, 1.2]).view(1, 1, 1, 7)
    result = degraded(Round8Bit(), x)
    assert (255 * result.images).flatten().tolist() == pytest.approx([0, 0, 0, 1, 100, 255, 255], abs=1e-4)
    assert result.noise_std == pytest.approx(ROUNDING)


def test_uint8_images_survive_rounding() -> None:
    x = torch.arange(256).float().div(255).view(1, 1, 16, 16)
    assert torch.equal(degraded(Round8Bit(), x).images, x)


def test_the_sensor_reports_what_it_does() -> None:
    assert GaussianNoise(2).families() == (("sensor", {"std": 2}),)
    assert Round8Bit().families() == (("sensor", {"rounding": 1.0}),)
