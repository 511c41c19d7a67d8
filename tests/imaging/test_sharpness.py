"""The Laplacian's variance, against values worked out by hand and scipy's Laplacian."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.ndimage
import torch

from blurbench.errors import UsageError
from blurbench.imaging.sharpness import laplacian, laplacian_variance, patch_laplacian_variance


def checkerboard(side: int) -> torch.Tensor:
    i = torch.arange(side)
    return ((i[:, None] + i) % 2).float()[None, None]


def random_images(*shape: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(0).random(shape, dtype=np.float32))


def test_a_flat_image_scores_zero() -> None:
    flat = torch.full((2, 3, 16, 16), 0.7)
    assert float(laplacian_variance(flat).max()) == pytest.approx(0, abs=1e-6)
    assert float(patch_laplacian_variance(flat, 8).max()) == pytest.approx(0, abs=1e-6)


def test_a_checkerboard_scores_1020_squared() -> None:
    # Mirrored without repeating the edge, a checkerboard goes on beyond its border: every response is +-1020.
    assert float(laplacian_variance(checkerboard(16))) == pytest.approx(1_040_400, rel=1e-6)
    assert patch_laplacian_variance(checkerboard(16), 8).flatten().tolist() == pytest.approx([1_040_400] * 4, rel=1e-6)


def test_the_response_is_scipys_laplacian_on_the_scale_of_255() -> None:
    x = random_images(2, 1, 11, 14)
    expected = np.stack([scipy.ndimage.laplace(255 * image[0].double().numpy(), mode="mirror") for image in x])
    np.testing.assert_allclose(laplacian(x).numpy(), expected, atol=1e-3)


def test_colour_is_weighted_as_the_eye_does() -> None:
    x = random_images(1, 3, 9, 9)
    grey = (0.299 * x[:, 0] + 0.587 * x[:, 1] + 0.114 * x[:, 2])[:, None]
    torch.testing.assert_close(laplacian(x), laplacian(grey), rtol=0, atol=1e-3)


def test_patches_of_the_whole_response_are_scored_row_by_row() -> None:
    x = random_images(2, 1, 8, 12)
    scores = patch_laplacian_variance(x, 4)
    response = laplacian(x)
    assert scores.shape == (2, 6)
    for patch, (row, column) in enumerate([(0, 0), (0, 4), (0, 8), (4, 0), (4, 4), (4, 8)]):
        expected = response[:, row : row + 4, column : column + 4].numpy().var((1, 2))
        np.testing.assert_allclose(scores[:, patch].numpy(), expected, rtol=1e-4)


def test_patches_cut_first_are_images_of_their_own() -> None:
    x = random_images(2, 3, 8, 12)
    scores = patch_laplacian_variance(x, 4, scope="patch")
    torch.testing.assert_close(scores[:, 5], laplacian_variance(x[:, :, 4:8, 8:12]))
    assert not torch.allclose(scores, patch_laplacian_variance(x, 4))


def test_one_patch_is_the_whole_image() -> None:
    x = random_images(3, 1, 16, 16)
    for scope in ("image", "patch"):
        torch.testing.assert_close(patch_laplacian_variance(x, 16, scope)[:, 0], laplacian_variance(x))


def test_patches_that_do_not_tile_the_image_are_refused() -> None:
    with pytest.raises(UsageError, match="patches of 5 pixels do not tile images of 16x16"):
        patch_laplacian_variance(torch.zeros(1, 1, 16, 16), 5)
