"""Random motion."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from blurbench_blurs.random_walk_motion import RandomWalkMotion

from blurbench.contract import Range
from tests.plugins.blurs.drawn import centroids, draws, weights


@pytest.mark.parametrize(
    ("exposure_rule", "variances"),
    [("stamps", [0.125, 0.222, 0.313, 0.400]), ("path", [0.042, 0.104, 0.181, 0.260])],
)
def test_walks_are_as_wide_as_was_measured(exposure_rule: str, variances: list[float]) -> None:
    for length, expected in enumerate(variances, start=1):
        points, light = RandomWalkMotion(length, exposure=exposure_rule).light(draws(8000))  # type: ignore[arg-type]
        variance = (light[..., None] * points.square()).sum(1).mean(0)
        assert variance.tolist() == pytest.approx([expected, expected], abs=0.01)


@pytest.mark.parametrize("exposure_rule", ["stamps", "path"])
@pytest.mark.parametrize("steps", ["angles", "grid"])
def test_a_centred_walk_of_4_fits_7_by_7_and_sums_to_one(exposure_rule: str, steps: str) -> None:
    psfs = weights(RandomWalkMotion(Range(0, 4), exposure_rule, steps), 2000)  # type: ignore[arg-type]
    assert psfs.shape[-1] <= 7
    assert float(psfs.min()) >= 0
    torch.testing.assert_close(psfs.sum((1, 2)), torch.ones(2000).double())
    torch.testing.assert_close(centroids(psfs), torch.zeros(2000, 2).double(), rtol=0, atol=1e-12)


def test_a_part_of_a_step_leaves_a_part_of_a_stamp() -> None:
    points, light = RandomWalkMotion(2.25, centred=False).light(draws(50))
    assert light[0].tolist() == pytest.approx([1 / 3.25, 1 / 3.25, 1 / 3.25, 0.25 / 3.25])
    strides = points.diff(dim=1).norm(dim=-1)
    torch.testing.assert_close(strides, torch.tensor([1, 1, 0.25]).double().expand(50, 3))


def test_a_walk_that_is_not_centred_starts_at_the_centre() -> None:
    points, _ = RandomWalkMotion(4, centred=False).light(draws(50))
    assert not bool(points[:, 0].any())
    assert float(centroids(weights(RandomWalkMotion(4, centred=False), 50)).abs().max()) > 0.5


def test_on_the_grid_every_step_goes_to_one_of_the_8_neighbours_with_equal_chances() -> None:
    points, _ = RandomWalkMotion(4, steps="grid", centred=False).light(draws(4000))
    moves, counts = points.diff(dim=1).flatten(0, 1).unique(dim=0, return_counts=True)
    assert {tuple(move) for move in moves.tolist()} == {
        (y, x) for y in (-1, 0, 1) for x in (-1, 0, 1) if (y, x) != (0, 0)
    }
    assert (counts / 16_000).tolist() == pytest.approx([1 / 8] * 8, abs=0.015)


def test_angles_spread_over_the_whole_circle() -> None:
    points, _ = RandomWalkMotion(1, centred=False).light(draws(8000))
    y, x = points[:, 1].unbind(-1)
    for harmonic in (1, 2, 3):
        angle = harmonic * torch.atan2(y, x)
        assert [float(angle.sin().mean()), float(angle.cos().mean())] == pytest.approx([0, 0], abs=0.04)


def test_the_light_along_a_path_is_that_of_many_stamps() -> None:
    walk = RandomWalkMotion(3, centred=False)
    places, _ = walk.light(draws(1))
    along = (np.arange(30_000) + 0.5) / 10_000
    y, x = (np.interp(along, np.arange(4), places[0, :, axis].numpy()) for axis in (0, 1))
    psf = weights(RandomWalkMotion(3, exposure="path", centred=False), 1)[0]
    pixels = np.arange(psf.shape[0]) - psf.shape[0] // 2
    down, across = (np.clip(1 - np.abs(value - pixels[:, None]), 0, None) for value in (y, x))
    np.testing.assert_allclose(psf.numpy(), down @ across.T / len(along), atol=1e-7)
