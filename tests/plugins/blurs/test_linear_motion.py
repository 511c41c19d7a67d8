"""Straight motion."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from blurbench_blurs.linear_motion import LinearMotion

from blurbench.contract import Range
from tests.plugins.blurs.drawn import centroids, draws, weights


def test_motion_along_the_rows_is_the_tent_weighted_line() -> None:
    row = np.array([0.125, 0.875, 1.0, 0.875, 0.125]) / 3
    np.testing.assert_allclose(weights(LinearMotion(3, 0), 1)[0, 2].numpy(), row, atol=1e-15)
    np.testing.assert_allclose(weights(LinearMotion(3, 90), 1)[0, :, 2].numpy(), row, atol=1e-15)


def test_the_angle_grows_anticlockwise_as_the_image_is_seen() -> None:
    rising = weights(LinearMotion(4 * math.sqrt(2), 45), 1)[0]
    half = rising.shape[0] // 2
    assert float(rising[half - 2, half + 2]) > 0.05  # up on the right
    assert float(rising[half + 2, half + 2]) == pytest.approx(0, abs=1e-12)


def test_straight_motion_is_centred_sums_to_one_and_has_its_variance() -> None:
    psfs = weights(LinearMotion(Range(0, 9)), 300)
    torch.testing.assert_close(psfs.sum((1, 2)), torch.ones(300).double())
    torch.testing.assert_close(centroids(psfs), torch.zeros(300, 2).double(), rtol=0, atol=1e-12)
    assert float(psfs.min()) >= 0


def test_angles_are_uniform_on_the_half_circle() -> None:
    angle = draws(4000)("angle", LinearMotion(5).angle)
    assert float(angle.mean()) == pytest.approx(90, abs=3)
    assert 0 <= float(angle.min()) < 1 < 179 < float(angle.max()) <= 180
