"""Images and PSFs, some of which are taken together."""

from __future__ import annotations

import torch

from blurbench.imaging.values import Degraded, GaussianPsf, ImageSet, SigmaMap, TapsPsf, psf_rows


def test_some_of_the_images_keep_their_labels_ids_and_photographs() -> None:
    images = torch.arange(4.0).view(4, 1, 1, 1)
    whole = ImageSet(images, torch.arange(4), torch.arange(10, 14), images + 0.5, "test")
    few = whole.part(torch.tensor([3, 1]))
    assert few.recorded is not None
    assert (len(few), few.split) == (2, "test")
    assert (few.images.flatten().tolist(), few.recorded.flatten().tolist()) == ([3.0, 1.0], [3.5, 1.5])
    assert (few.labels.tolist(), few.ids.tolist()) == ([3, 1], [13, 11])
    assert ImageSet(images, whole.labels, whole.ids).part(slice(2)).recorded is None


def test_some_of_the_psfs_are_cut_in_every_part_and_their_size_stays() -> None:
    gaussian = psf_rows(GaussianPsf(torch.tensor([1.0, 2.0, 3.0]), 7), slice(1, 3))
    assert isinstance(gaussian, GaussianPsf)
    assert (gaussian.sigma.tolist(), gaussian.size) == ([2.0, 3.0], 7)
    taps = psf_rows(TapsPsf(torch.zeros(3, 4, 2), torch.ones(3, 4)), slice(2))
    assert isinstance(taps, TapsPsf)
    assert (len(taps.offsets), len(taps.weights)) == (2, 2)
    uneven = psf_rows(SigmaMap(torch.ones(3, 2, 2)), slice(1))
    assert isinstance(uneven, SigmaMap)
    assert (len(uneven.sigma), uneven.radius) == (1, None)


def test_blurred_images_keep_their_own_psfs_and_what_else_is_known() -> None:
    whole = Degraded(torch.zeros(3, 1, 2, 2), GaussianPsf(torch.tensor([1.0, 2.0, 3.0])), 0.1, "zeros")
    part = whole.part(slice(2, 3))
    assert isinstance(part.psf, GaussianPsf)
    assert (part.psf.sigma.tolist(), part.noise_std, part.padding) == ([3.0], 0.1, "zeros")
    assert Degraded(whole.images, None).part(slice(1)).psf is None
