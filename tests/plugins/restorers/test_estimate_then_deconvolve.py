"""A deconvolver that is told what an estimator read."""

from __future__ import annotations

import pytest
import torch
from blurbench_blurs.varying_gaussian import VaryingGaussian
from blurbench_estimators.cnn_sigma import CnnSigma
from blurbench_estimators.constant import Constant
from blurbench_restorers.estimate_then_deconvolve import EstimateThenDeconvolve
from blurbench_restorers.wiener import Wiener
from skimage import data

from blurbench.contract import Estimator, GaussianPsf, ImageSet, Shape
from blurbench.errors import UsageError
from blurbench.imaging.convolution import convolve
from blurbench.imaging.draws import Draws
from blurbench.metrics.image_quality import psnr
from blurbench.registry import Registry


def photograph(side: int = 64) -> torch.Tensor:
    """Two tiles (2, 1, side, side)."""
    whole = torch.from_numpy(data.camera()).float() / 255
    return torch.stack([whole[120 : 120 + side, 180 : 180 + side], whole[300 : 300 + side, 250 : 250 + side]])[:, None]


def blurred(clean: torch.Tensor, sigma: float, noise: float = 2.0) -> torch.Tensor:
    images = convolve(clean, GaussianPsf(torch.full((len(clean),), sigma)))
    return images + noise / 255 * torch.randn(images.shape, generator=torch.Generator().manual_seed(0))


def test_told_the_right_sigma_it_comes_near_the_oracle_and_a_wrong_one_costs() -> None:
    clean = photograph()
    seen = blurred(clean, 1.5)
    oracle = psnr(Wiener().deconvolve(seen, GaussianPsf(torch.full((2,), 1.5)), 2 / 255), clean)
    found = {
        sigma: psnr(EstimateThenDeconvolve(Constant(sigma)).restore(seen, None), clean) for sigma in (0.5, 1.5, 3.0)
    }
    assert oracle - 0.3 < found[1.5]
    assert found[1.5] > psnr(seen, clean) + 0.5
    assert found[1.5] > found[0.5]
    assert found[1.5] > found[3.0] + 1.0


def test_each_image_is_restored_as_it_would_be_alone() -> None:
    clean = photograph()
    seen = torch.cat([blurred(clean[:1], 1.0, 1.0), blurred(clean[1:], 2.0, 8.0)])
    restorer = EstimateThenDeconvolve(Constant(1.5))
    together = restorer.restore(seen, None)
    alone = torch.cat([restorer.restore(one[None], None) for one in seen])
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=0)


class Truth(Estimator):
    """Says the sigma of a ramp over the columns."""

    def estimate(self, images: torch.Tensor, module: object = None) -> torch.Tensor:
        return images.new_full((len(images),), 1.55)

    def sigma_map(self, images: torch.Tensor, module: object = None, stride: int = 1) -> torch.Tensor:
        profile = VaryingGaussian("ramp").profile(images.shape[-1])[16:-15:stride].float()
        return profile.expand(len(images), (images.shape[-2] - 32) // stride + 1, -1)


def test_a_map_of_sigma_restores_a_ramp_better_than_its_mean() -> None:
    clean = photograph(160)
    seen = VaryingGaussian("ramp", padding="reflect").degrade(clean, Draws(range(2), 0, ("test",))).images
    uniform = EstimateThenDeconvolve(Truth()).restore(seen, None)
    varying = EstimateThenDeconvolve(Truth(), varying=True).restore(seen, None)
    assert psnr(varying, clean) > psnr(uniform, clean) + 1.0
    assert psnr(varying, clean) > psnr(seen, clean) + 1.0


def test_a_map_that_is_the_same_everywhere_is_the_uniform_deconvolution() -> None:
    seen = blurred(photograph(), 1.5)
    uniform = EstimateThenDeconvolve(Constant(1.5)).restore(seen, None)
    varying = EstimateThenDeconvolve(Constant(1.5), varying=True).restore(seen, None)
    torch.testing.assert_close(varying, uniform, atol=1e-5, rtol=0)


@pytest.mark.parametrize("side", [28, 16])
def test_images_smaller_than_the_window_are_read_all_the_same(side: int) -> None:
    estimator = CnnSigma(network="conv4-fc2")
    module = EstimateThenDeconvolve(estimator, varying=True).build(Shape(3, side, side))
    assert module is not None
    images = torch.rand(2, 3, side, side)
    assert EstimateThenDeconvolve(estimator, varying=True).restore(images, module.eval()).shape == images.shape


def test_what_is_fitted_depends_on_the_network_alone(registry: Registry) -> None:
    made = "estimate-then-deconvolve[estimator=cnn-sigma[reading=mean], deconvolver=richardson-lucy, varying=true]"
    restorer = registry.resolve("restorers", made)
    assert restorer.trainable
    assert restorer.fitted_as() == EstimateThenDeconvolve(CnnSigma())
    assert not EstimateThenDeconvolve(Constant()).trainable


def test_a_restorer_that_is_not_told_a_psf_is_refused(registry: Registry) -> None:
    with pytest.raises(UsageError, match="deconvolver must be one that is told the PSF"):
        registry.resolve("restorers", "estimate-then-deconvolve[estimator=constant, deconvolver=identity]")


def test_it_is_fitted_on_clean_images_whatever_they_are_blurred_with() -> None:
    from blurbench.contract import Budget, Degraded, RestorerJob

    def blur(images: ImageSet, epoch: int) -> Degraded:
        raise AssertionError("the training blur is not looked at")

    images = photograph(64)
    parts = ImageSet(images, torch.arange(2), torch.arange(2))
    restorer = EstimateThenDeconvolve(CnnSigma(classes=3, network="conv4-fc2", share=1.0))
    module = restorer.build(Shape(1, 64, 64))
    assert module is not None
    notes = restorer.fit(module, RestorerJob(parts, parts, blur, Budget("", epochs=2), 0))
    assert notes["epochs"] == 2
