"""Straight and random motion, and the published combination of motion, defocus and noise."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from blurbench_blurs.defocus import Defocus
from blurbench_blurs.diagonal_motion import DiagonalMotion
from blurbench_blurs.gaussian_noise import GaussianNoise
from blurbench_blurs.linear_motion import LinearMotion
from blurbench_blurs.random_walk_motion import RandomWalkMotion
from blurbench_blurs.round_8bit import Round8Bit

from blurbench.contract import Blur, Range
from blurbench.errors import UsageError
from blurbench.imaging.convolution import convolve
from blurbench.imaging.draws import Draws
from blurbench.imaging.psf import compose, dense
from blurbench.matrix.exposure import exposure
from blurbench.registry import Registry


def draws(n: int = 4) -> Draws:
    return Draws(range(n), 1, ("test",))


def weights(blur: Blur, n: int = 4) -> torch.Tensor:
    return dense(blur.psf(draws(n))).weights


def centroids(psfs: torch.Tensor) -> torch.Tensor:
    """(N, 2), rows and columns."""
    place = torch.arange(psfs.shape[-1], dtype=torch.float64) - psfs.shape[-1] // 2
    return torch.stack([(psfs.sum(2) * place).sum(1), (psfs.sum(1) * place).sum(1)], -1)


# --- linear-motion -------------------------------------------------------------------------------------------------


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


@pytest.mark.parametrize("blur", [LinearMotion(0), RandomWalkMotion(0), RandomWalkMotion(0, exposure="path")], ids=repr)
def test_motion_of_no_length_changes_nothing(blur: Blur) -> None:
    x = torch.rand(4, 1, 9, 9, generator=torch.Generator().manual_seed(0))
    assert torch.equal(blur.degrade(x, draws()).images, x)


# --- random-walk-motion --------------------------------------------------------------------------------------------


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


@pytest.mark.parametrize(
    "blur",
    [
        LinearMotion(Range(0, 9)),
        RandomWalkMotion(Range(0, 4)),
        RandomWalkMotion(Range(0, 4), "path", "grid", centred=False),
    ],
    ids=repr,
)
def test_an_image_is_moved_alike_in_any_batch_and_any_order(blur: Blur) -> None:
    x = torch.rand(6, 3, 28, 28, generator=torch.Generator().manual_seed(0))
    order = [4, 1, 5, 0]
    together = blur.degrade(x, draws(6)).images
    chosen = blur.degrade(x[order], Draws(order, 1, ("test",))).images
    torch.testing.assert_close(chosen, together[order], rtol=0, atol=1e-6)


# --- what was seen -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("test", "trained", "expected"),
    [
        ("random-walk-motion[length=4]", "random-walk-motion[length={low=0, high=4}]", "seen"),
        ("random-walk-motion[length=4]", "random-walk-motion[length=2]", "unseen severity"),
        ("random-walk-motion[length=4]", "random-walk-motion[length=4, exposure=path]", "unseen severity"),
        ("random-walk-motion[length=4]", "linear-motion[length=4]", "unseen severity"),
        ("linear-motion[length=4, angle=30]", "linear-motion[length=4]", "seen"),
        ("linear-motion[length=4]", "defocus[radius=4]", "unseen family"),
        ("defocus[radius=2]", "defocus[radius={low=0, high=4}]", "seen"),
    ],
)
def test_motion_is_told_from_other_blurs(registry: Registry, test: str, trained: str, expected: str) -> None:
    assert exposure(registry.resolve("blurs", test), [registry.resolve("blurs", trained)]) == expected


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ("linear-motion", "needs the parameter 'length'"),
        ("linear-motion[length=-1]", "must lie between 0 and 100 pixels, not -1"),
        ("linear-motion[length=5, angle=400]", "must lie between -360 and 360 degrees, not 400"),
        ("random-walk-motion[length=65]", "must lie between 0 and 64 pixels, not 65"),
        ("random-walk-motion[length=4, steps=circle]", "steps"),
    ],
)
def test_a_wrong_parameter_is_refused_in_one_line(registry: Registry, expression: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        registry.resolve("blurs", expression)


# --- the published combination -------------------------------------------------------------------------------------


def test_motion_defocus_and_noise_are_the_steps_applied_by_hand(registry: Registry) -> None:
    blur = registry.resolve(
        "blurs",
        "chain[steps=[random-walk-motion[length=4], defocus[radius=4], gaussian-noise[std=4], round-8bit]]",
    )
    x = torch.rand(5, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    result = blur.degrade(x, draws(5))

    motion, defocus = RandomWalkMotion(4).psf(draws(5).at(0)), Defocus(4).psf(draws(5).at(1))
    by_hand = convolve(convolve(x, motion, "replicate"), defocus, "replicate")
    by_hand = GaussianNoise(4).degrade(by_hand, draws(5).at(2)).images
    assert torch.equal(result.images, Round8Bit().degrade(by_hand, draws(5).at(3)).images)

    torch.testing.assert_close(dense(result.psf).weights, dense(compose(motion, defocus)).weights)
    assert result.noise_std == pytest.approx(math.hypot(4 / 255, 1 / (255 * math.sqrt(12))))
    assert result.padding == "replicate"


def test_the_diagonal_falls_in_half_of_the_images_and_rises_in_the_others() -> None:
    lines = weights(DiagonalMotion(box=9, square=True), 400)
    slopes = [np.polyfit(*np.nonzero(one.numpy()), 1)[0] for one in lines]
    assert set(np.round(slopes, 6)) == {-1.0, 1.0}
    assert 160 < sum(slope > 0 for slope in slopes) < 240
