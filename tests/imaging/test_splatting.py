"""Light between the pixels, against hand calculation and a fine sum."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from blurbench.imaging.splatting import nodes, splat


def line(start: tuple[float, float], end: tuple[float, float]) -> torch.Tensor:
    ends = [torch.tensor([[place]], dtype=torch.float64) for place in (start, end)]
    return splat(*nodes(*ends, torch.ones(1, 1, dtype=torch.float64))).weights[0]


def test_a_point_is_shared_by_the_four_pixels_around_it() -> None:
    points = torch.tensor([[[0.25, -0.5]]], dtype=torch.float64)
    weights = splat(points, torch.ones(1, 1, dtype=torch.float64)).weights[0]
    assert weights.tolist() == [[0, 0, 0], [0.375, 0.375, 0], [0.125, 0.125, 0]]


def test_a_point_on_a_pixel_is_a_delta() -> None:
    assert splat(torch.zeros(2, 1, 2).double(), torch.ones(2, 1).double()).weights.tolist() == [[[1]], [[1]]]


def test_a_line_along_a_row_has_the_weights_that_were_worked_out() -> None:
    weights = line((0, -1.5), (0, 1.5))
    row = np.array([0.125, 0.875, 1.0, 0.875, 0.125]) / 3
    np.testing.assert_allclose(weights[2].numpy(), row, atol=1e-15)
    assert float(weights.sum()) == pytest.approx(1, abs=1e-15)


@pytest.mark.parametrize(
    ("start", "end"),
    [((-1.7, -2.2), (1.7, 2.2)), ((0.3, -2.0), (0.3, 2.6)), ((-2, 2), (2, -2)), ((0.1, 0.2), (0.3, 0.1))],
)
def test_a_line_is_exact(start: tuple[float, float], end: tuple[float, float]) -> None:
    weights = line(start, end)
    half = weights.shape[0] // 2
    along = (np.arange(200_000) + 0.5) / 200_000
    y, x = (a + along * (b - a) for a, b in zip(start, end, strict=True))
    pixels = np.arange(-half, half + 1)
    down, across = (np.clip(1 - np.abs(value - pixels[:, None]), 0, None) for value in (y, x))
    np.testing.assert_allclose(weights.numpy(), down @ across.T / len(along), atol=1e-9)


def test_lines_share_their_light_by_weight() -> None:
    starts = torch.tensor([[[0.0, 0.0], [2.0, 0.0]]], dtype=torch.float64)
    weights = splat(*nodes(starts, starts, torch.tensor([[0.25, 0.75]], dtype=torch.float64))).weights[0]
    assert float(weights[2, 2]) == pytest.approx(0.25)
    assert float(weights[4, 2]) == pytest.approx(0.75)


def test_the_variance_of_a_line_is_that_of_its_length() -> None:
    angle, length = 0.7, 6.5
    end = torch.tensor([[[math.sin(angle), math.cos(angle)]]], dtype=torch.float64) * length / 2
    points, weights = nodes(-end, end, torch.ones(1, 1, dtype=torch.float64))
    variance = float((weights * points.square().sum(-1)).sum())
    assert variance == pytest.approx(length**2 / 12, rel=1e-12)
