"""Total-variation deconvolution: its optimum against scikit-image, its borders, its use of the noise."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from blurbench_blurs.chain import Chain
from blurbench_blurs.gaussian import Gaussian
from blurbench_blurs.gaussian_noise import GaussianNoise
from blurbench_blurs.linear_motion import LinearMotion
from blurbench_restorers.richardson_lucy import RichardsonLucy
from blurbench_restorers.total_variation import TotalVariation
from blurbench_restorers.wiener import Wiener
from skimage.restoration import denoise_tv_chambolle

from blurbench.contract import Blur, Degraded, ImageSet, Psf, Range, SigmaMap, TapsPsf
from blurbench.errors import Skip
from blurbench.imaging.draws import Draws
from blurbench.imaging.psf import delta, dense


def seen(images: torch.Tensor, blur: Blur) -> Degraded:
    return blur.degrade(images, Draws(range(len(images)), 1, ("test",)))


def error(x: torch.Tensor, clean: torch.Tensor) -> float:
    return float((x - clean).square().mean())


def told(degraded: Degraded) -> tuple[torch.Tensor, Psf, float]:
    assert degraded.psf is not None
    return degraded.images, degraded.psf, degraded.noise_std


def test_without_blur_it_is_scikit_image_s_denoising_with_the_weight_that_leaves_the_noise(
    photographs: ImageSet,
) -> None:
    noisy = seen(photographs.images[:1, :1], GaussianNoise(12))
    found = TotalVariation(2000).deconvolve(noisy.images, delta(1), noisy.noise_std)[0, 0].numpy()
    low, high = 1e-3, 1.0
    for _ in range(14):  # the heavier the weight, the more is taken for noise
        weight = (low * high) ** 0.5
        expected = denoise_tv_chambolle(noisy.images[0, 0].double().numpy(), weight, eps=1e-9, max_num_iter=3000)
        off = np.sqrt(np.mean((expected - noisy.images[0, 0].numpy()) ** 2))
        low, high = (weight, high) if off < noisy.noise_std else (low, weight)
    assert np.sqrt(np.mean((found - expected.clip(0, 1)) ** 2)) < 1e-3
    assert np.sqrt(np.mean((found - noisy.images[0, 0].numpy()) ** 2)) > 0.03


@pytest.mark.parametrize("std", [1, 8])
def test_what_is_left_over_is_the_noise_that_was_told(photographs: ImageSet, std: float) -> None:
    degraded = seen(photographs.images[:4], Chain((LinearMotion(5, padding="wrap"), GaussianNoise(std))))
    assert degraded.psf is not None
    restored = TotalVariation(600).deconvolve(*told(degraded))
    half = dense(degraded.psf).weights.shape[-1] // 2
    inner = (slice(None), slice(None), slice(half, -half), slice(half, -half))
    from blurbench.imaging.convolution import convolve

    off = (convolve(restored, degraded.psf, "zeros") - degraded.images)[inner]
    assert float(off.square().mean().sqrt()) == pytest.approx(std / 255, rel=0.1)


@pytest.mark.parametrize("blur", [Gaussian(1.5), LinearMotion(7)], ids=["gaussian", "motion"])
@pytest.mark.parametrize("std", [2, 8])
def test_photographs_come_nearer_than_by_wiener_or_richardson_lucy(
    photographs: ImageSet, blur: Blur, std: float
) -> None:
    clean = photographs.images[:8]
    degraded = seen(clean, Chain((blur, GaussianNoise(std))))
    ours, wiener, lucy = (r.deconvolve(*told(degraded)) for r in (TotalVariation(), Wiener(), RichardsonLucy()))
    assert error(ours, clean) < min(error(wiener, clean), error(lucy, clean)) < error(degraded.images, clean)


def test_the_border_does_not_ring_however_it_was_padded(photographs: ImageSet) -> None:
    clean = photographs.images[:4]
    for padding in ("reflect", "replicate", "zeros", "wrap"):
        degraded = seen(clean, Gaussian(1.5, padding=padding))  # type: ignore[arg-type]
        restored = TotalVariation().deconvolve(*told(degraded))
        off, before = (restored - clean).abs(), (degraded.images - clean).abs()
        assert float(off[..., :3].mean()) < 0.9 * float(before[..., :3].mean())


def test_an_image_is_restored_as_it_would_be_alone(photographs: ImageSet) -> None:
    degraded = seen(photographs.images[:6], Chain((Gaussian(Range(0.5, 2.0)), GaussianNoise(4))))
    alone = degraded.part(slice(3, 4))
    together = TotalVariation().deconvolve(*told(degraded))[3:4]
    torch.testing.assert_close(together, TotalVariation().deconvolve(*told(alone)), rtol=0, atol=1e-4)


def test_what_it_is_given_is_left_as_it_was(photographs: ImageSet) -> None:
    images = photographs.images.clone()
    TotalVariation(2).deconvolve(images, delta(len(images)), 0.01)
    assert torch.equal(images, photographs.images)


def test_a_shift_is_undone_in_the_right_direction(photographs: ImageSet) -> None:
    psf = TapsPsf(torch.tensor([[[0, 2]]]).expand(16, 1, 2), torch.ones(16, 1).double())
    from blurbench.imaging.convolution import convolve

    moved = convolve(photographs.images, psf, "wrap")
    restored = TotalVariation().deconvolve(moved, psf, 0.0)
    torch.testing.assert_close(restored[..., :30], photographs.images[..., :30], rtol=0, atol=0.02)


def test_a_blur_that_varies_over_the_image_is_declined() -> None:
    with pytest.raises(Skip, match="one PSF"):
        TotalVariation().deconvolve(torch.rand(1, 1, 8, 8), SigmaMap(torch.ones(1, 8, 8)), 0.0)
