"""The blur `diagonal-motion`, as published."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.ndimage
import torch
from blurbench_blurs.diagonal_motion import DiagonalMotion

from blurbench.contract import TapsPsf
from blurbench.imaging.draws import Draws
from blurbench.imaging.psf import dense
from tests.plugins.blurs.drawn import centroids, draws, weights


def motion(blur: DiagonalMotion, n: int) -> TapsPsf:
    psf = blur.psf(draws(n))
    assert isinstance(psf, TapsPsf)
    return psf


def diagonal(a: int, b: int, mirrored: bool) -> np.ndarray:
    """The kernel of a rows and b columns, cell by cell, as published."""
    length = max(a, b)
    kernel = np.zeros((a, b))
    for j in range(length):
        row = math.floor(a * j / length)
        kernel[a - 1 - row if mirrored else row, math.floor(b * j / length)] = 1 / length
    return kernel


def published_psfs(box: int) -> dict[bytes, float]:
    """All PSFs of a box with their probabilities, as bytes of (2 box + 1)^2 images centred by floor(n / 2)."""
    pairs = [(a, b) for a in range(1, box + 1) for b in range(1, box + 1) if a + b >= box]
    found: dict[bytes, float] = {}
    for a, b in pairs:
        for mirrored in (False, True):
            image = np.zeros((2 * box + 1, 2 * box + 1))
            top, left = box - a // 2, box - b // 2
            image[top : top + a, left : left + b] = diagonal(a, b, mirrored)
            key = image.round(9).tobytes()
            found[key] = found.get(key, 0) + 0.5 / len(pairs)
    return found


@pytest.mark.parametrize("box", [1, 2, 3, 9])
def test_every_published_diagonal_is_drawn_as_often_as_it_should_be_and_no_other(box: int) -> None:
    n = 12_000
    weights = dense(motion(DiagonalMotion(box=box), n)).weights
    margin = box - weights.shape[-1] // 2
    weights = torch.nn.functional.pad(weights, (margin,) * 4).numpy().round(9)
    drawn: dict[bytes, int] = {}
    for image in weights:
        drawn[image.tobytes()] = drawn.get(image.tobytes(), 0) + 1
    published = published_psfs(box)
    assert drawn.keys() == published.keys()
    for key, probability in published.items():
        assert drawn[key] / n == pytest.approx(probability, abs=5 * math.sqrt(probability / n))


def test_the_lines_of_the_published_box_are_5_to_9_pixels_long_and_7_68_on_average() -> None:
    lengths = (motion(DiagonalMotion(), 20_000).weights > 0).sum(1)
    assert float(lengths.double().mean()) == pytest.approx(407 / 53, abs=0.03)
    shares = torch.bincount(lengths, minlength=10).double() / len(lengths)
    assert shares[:5].sum() == 0
    assert shares[5:].tolist() == pytest.approx([3 / 53, 7 / 53, 11 / 53, 15 / 53, 17 / 53], abs=0.015)


def test_a_square_box_draws_true_diagonals_only() -> None:
    psf = motion(DiagonalMotion(square=True), 2000)
    steps = psf.offsets[:, 1] - psf.offsets[:, 0]
    assert set(map(tuple, steps.tolist())) == {(1, 1), (-1, 1)}
    assert set((psf.weights > 0).sum(1).tolist()) == {5, 6, 7, 8, 9}


def test_as_published_a_line_moves_the_image_and_by_how_much_is_as_documented() -> None:
    far = centroids(dense(motion(DiagonalMotion(), 20_000)).weights).abs().amax(1)
    assert float(far.max()) == pytest.approx(0.89, abs=0.005)
    assert float((far > 0.5 + 1e-9).double().mean()) == pytest.approx(0.28, abs=0.015)
    assert "may be displaced" in (DiagonalMotion.__doc__ or "")


@pytest.mark.parametrize("square", [False, True])
def test_a_centred_line_is_the_published_one_moved_to_the_centre(square: bool) -> None:
    plain = dense(motion(DiagonalMotion(square=square), 300)).weights
    centred = dense(DiagonalMotion(square=square, centred=True).psf(draws(300))).weights
    torch.testing.assert_close(centroids(centred), torch.zeros(300, 2).double(), rtol=0, atol=1e-12)
    torch.testing.assert_close(centred.sum((1, 2)), torch.ones(300).double())
    for one, other, shift in zip(plain.numpy(), centred.numpy(), -centroids(plain).numpy(), strict=True):
        padded = np.pad(one, 2)
        moved = scipy.ndimage.shift(padded, shift, order=1)  # bilinear
        margin = (padded.shape[0] - other.shape[0]) // 2
        wide = np.pad(other, max(margin, 0))
        moved = np.pad(moved, max(-margin, 0))
        np.testing.assert_allclose(wide, moved, atol=1e-12)


def test_motion_pads_with_black_and_draws_the_same_line_in_any_batch() -> None:
    blur = DiagonalMotion()
    assert blur.padding == "zeros"
    many, one = motion(blur, 30), blur.psf(Draws([17], 1, ("test",)))
    assert isinstance(one, TapsPsf)
    assert torch.equal(many.offsets[17], one.offsets[0])
    assert torch.equal(many.weights[17], one.weights[0])


def test_the_diagonal_falls_in_half_of_the_images_and_rises_in_the_others() -> None:
    lines = weights(DiagonalMotion(box=9, square=True), 400)
    slopes = [np.polyfit(*np.nonzero(one.numpy()), 1)[0] for one in lines]
    assert set(np.round(slopes, 6)) == {-1.0, 1.0}
    assert 160 < sum(slope > 0 for slope in slopes) < 240
