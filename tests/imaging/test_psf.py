"""PSFs as images, against values that were worked out by hand or by other means."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.signal
import torch

from blurbench.contract import DensePsf, DiscPsf, GaussianPsf, SigmaMap, TapsPsf
from blurbench.errors import UsageError
from blurbench.imaging.psf import compose, delta, dense, from_kernel, is_delta


def sigmas(*values: float) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)


@pytest.mark.parametrize(("sigma", "size", "centre"), [(1.0, 9, 0.159156), (2.0, 9, 0.041683), (1.5, 19, 0.070736)])
def test_gaussians_have_the_published_centres(sigma: float, size: int, centre: float) -> None:
    weights = dense(GaussianPsf(sigmas(sigma), size)).weights
    assert weights.shape == (1, size, size)
    assert weights.dtype == torch.float64
    assert float(weights[0, size // 2, size // 2]) == pytest.approx(centre, abs=1e-6)


def test_a_gaussian_is_cut_at_its_own_radius_whatever_else_is_in_the_batch() -> None:
    together = dense(GaussianPsf(sigmas(0.5, 3.0))).weights
    alone = dense(GaussianPsf(sigmas(0.5))).weights
    assert together.shape == (2, 25, 25)
    assert alone.shape == (1, 5, 5)
    torch.testing.assert_close(together[0, 10:15, 10:15], alone[0], rtol=0, atol=0)
    assert float(together[0].sum()) == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("sigma", [0.0, 0.05, 0.1])
def test_a_very_narrow_gaussian_is_a_delta(sigma: float) -> None:
    weights = dense(GaussianPsf(sigmas(sigma), 3)).weights[0]
    assert float(weights[1, 1]) == pytest.approx(1, abs=1e-12)


def test_a_disc_of_radius_one_has_the_golden_weights() -> None:
    weights = dense(DiscPsf(sigmas(1.0))).weights[0]
    corner, edge, centre = 0.025078, 0.145344, 1 / math.pi
    expected = [[corner, edge, corner], [edge, centre, edge], [corner, edge, corner]]
    np.testing.assert_allclose(weights.numpy(), expected, atol=1e-6)


@pytest.mark.parametrize(("radius", "side"), [(0.51, 3), (1.5, 3), (1.51, 5), (2.0, 5), (3.0, 7), (4.0, 9), (4.3, 9)])
def test_a_disc_sums_to_one_and_is_just_wide_enough(radius: float, side: int) -> None:
    weights = dense(DiscPsf(sigmas(radius))).weights[0]
    assert weights.shape == (side, side)
    assert float(weights.sum()) == pytest.approx(1, abs=1e-12)
    assert float(weights.min()) >= 0
    torch.testing.assert_close(weights, weights.T)
    torch.testing.assert_close(weights, weights.flip(0))


@pytest.mark.parametrize("radius", [1.3, 2.5, 4.0])
def test_disc_weights_are_areas(radius: float) -> None:
    fine, side = 400, 9
    steps = (np.arange(side * fine) + 0.5) / fine - side / 2
    inside = (steps[:, None] ** 2 + steps**2 <= radius**2).reshape(side, fine, side, fine).mean((1, 3))
    weights = dense(DiscPsf(sigmas(radius, 4.0))).weights[0].numpy()
    np.testing.assert_allclose(weights, inside / (math.pi * radius**2), atol=1e-5)


def test_the_variance_of_a_disc_is_that_of_the_disc_and_the_pixel() -> None:
    weights = dense(DiscPsf(sigmas(4.0))).weights[0]
    x = torch.arange(-4, 5, dtype=torch.float64)
    assert float((weights.sum(0) * x**2).sum()) == pytest.approx(4.105, abs=1e-3)


@pytest.mark.parametrize("radius", [0.0, 0.2, 0.5])
def test_a_disc_within_one_pixel_is_a_delta(radius: float) -> None:
    torch.testing.assert_close(dense(DiscPsf(sigmas(radius))).weights, torch.ones(1, 1, 1, dtype=torch.float64))


def test_taps_are_added_up_where_their_offsets_say() -> None:
    offsets = torch.tensor([[[0, 1], [-2, 0], [0, 1], [9, 9]]])
    weights = dense(TapsPsf(offsets, torch.tensor([[0.25, 0.5, 0.25, 0.0]], dtype=torch.float64))).weights
    expected = torch.zeros(1, 5, 5, dtype=torch.float64)
    expected[0, 2, 3] = expected[0, 0, 2] = 0.5
    torch.testing.assert_close(weights, expected)


def test_two_psfs_compose_to_their_full_convolution() -> None:
    first = GaussianPsf(sigmas(1.0, 2.0), 9)
    second = TapsPsf(
        torch.tensor([[[0, 0], [1, 1], [2, 2]], [[0, -1], [0, 0], [0, 0]]]),
        torch.tensor([[0.2, 0.3, 0.5], [0.6, 0.4, 0.0]], dtype=torch.float64),
    )
    composed = compose(first, second)
    assert isinstance(composed, DensePsf)
    for i in range(2):
        expected = scipy.signal.convolve2d(dense(first).weights[i], dense(second).weights[i])
        np.testing.assert_allclose(composed.weights[i].numpy(), expected, atol=1e-12)


def test_two_wide_gaussians_compose_to_one_whose_variances_add() -> None:
    composed = dense(compose(GaussianPsf(sigmas(3.0)), GaussianPsf(sigmas(4.0)))).weights[0]
    half = composed.shape[0] // 2
    x = torch.arange(-half, half + 1, dtype=torch.float64)
    assert float((composed.sum(0) * x**2).sum()) == pytest.approx(25, rel=0.01)


def test_a_delta_leaves_the_other_psf_as_it_is() -> None:
    blur = GaussianPsf(sigmas(1.0, 2.0))
    assert is_delta(delta(2))
    assert not is_delta(blur)
    assert compose(delta(2), blur) is blur
    assert compose(blur, delta(2)) is blur
    field = SigmaMap(torch.ones(2, 4, 4))
    assert compose(field, delta(2)) is field


def test_a_shift_is_no_delta() -> None:
    assert not is_delta(TapsPsf(torch.tensor([[[0, 1]]]), torch.ones(1, 1, dtype=torch.float64)))


def test_a_map_of_sigma_has_no_single_psf() -> None:
    with pytest.raises(UsageError, match="different PSF at every pixel"):
        dense(SigmaMap(torch.ones(1, 4, 4)))


def test_kernels_of_even_size_are_centred_half_a_pixel_early() -> None:
    weights = from_kernel(torch.tensor([[[1.0, 2.0, 3.0, 4.0]]])).weights
    assert weights.shape == (1, 5, 5)
    assert weights[0, 2].tolist() == [1, 2, 3, 4, 0]
    assert float(weights.sum()) == 10
