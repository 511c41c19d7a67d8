"""Richardson-Lucy on real photographs."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from blurbench_blurs.chain import Chain
from blurbench_blurs.defocus import Defocus
from blurbench_blurs.gaussian import Gaussian
from blurbench_blurs.gaussian_noise import GaussianNoise
from blurbench_blurs.linear_motion import LinearMotion
from blurbench_blurs.random_walk_motion import RandomWalkMotion
from blurbench_blurs.round_8bit import Round8Bit
from blurbench_restorers.richardson_lucy import RichardsonLucy
from skimage import data, restoration

from blurbench.contract import Blur, Degraded, GaussianPsf, SigmaMap
from blurbench.errors import Skip, UsageError
from blurbench.imaging.convolution import convolve
from blurbench.imaging.draws import Draws
from blurbench.imaging.psf import delta, dense
from blurbench.registry import Registry

SENSOR = (GaussianNoise(2), Round8Bit())


def photographs(side: int = 64) -> torch.Tensor:
    pictures = (data.camera(), data.coins(), data.page(), data.text())
    return torch.from_numpy(
        np.stack([picture[60 : 60 + side, 90 : 90 + side] for picture in pictures]) / np.float32(255)
    )[:, None]


def seen_through(blur: Blur, clean: torch.Tensor) -> Degraded:
    return blur.degrade(clean, Draws(range(len(clean)), 1, ("test",)))


def restored(seen: Degraded, iterations: int = 30) -> torch.Tensor:
    assert seen.psf is not None
    return RichardsonLucy(iterations).deconvolve(seen.images, seen.psf, seen.noise_std)


def psnr(x: torch.Tensor, clean: torch.Tensor) -> torch.Tensor:
    return -10 * (x - clean).square().flatten(1).mean(1).log10()


@pytest.mark.parametrize("padding", ["reflect", "replicate"])
def test_it_wins_on_photographs_blurred_with_sigma_2(padding: str) -> None:
    clean = photographs()
    seen = seen_through(Gaussian(2, padding=padding), clean)  # type: ignore[arg-type]
    gain = psnr(restored(seen), clean) - psnr(seen.images, clean)
    assert float(gain.min()) > 0.3  # the page of small print
    assert float(gain.mean()) > 1.5


@pytest.mark.parametrize(
    "blur", [Gaussian(0.5), Gaussian(1), Gaussian(2), Defocus(3), LinearMotion(5), RandomWalkMotion(4)], ids=repr
)
def test_it_does_not_lose_behind_a_sensor(blur: Blur) -> None:
    clean = photographs()
    seen = seen_through(Chain((blur, *SENSOR)), clean)
    assert bool((psnr(restored(seen), clean) > psnr(seen.images, clean)).all())


def test_further_steps_do_not_fit_the_noise() -> None:
    seen = seen_through(Chain((Gaussian(1), *SENSOR)), photographs())
    assert torch.equal(restored(seen, 40), restored(seen, 400))


def test_the_estimate_fits_what_was_seen_better_with_every_step() -> None:
    """The Poisson likelihood of what was seen, which Richardson-Lucy climbs; in the middle no border plays a part."""
    clean = torch.nn.functional.pad(photographs(24), (20, 20, 20, 20))
    psf = GaussianPsf(torch.full((4,), 1.5))
    seen = convolve(clean, psf, "zeros")
    likelihoods = []
    for iterations in (1, 2, 4, 8, 16):
        expected = convolve(RichardsonLucy(iterations).deconvolve(seen, psf, 0.0), psf, "zeros").clamp_min(1e-6)
        likelihoods.append(float((seen * expected.log() - expected)[..., 6:-6, 6:-6].sum()))
    assert likelihoods == sorted(likelihoods)


def test_away_from_the_border_it_is_what_scikit_image_does() -> None:
    clean = photographs(96)[:1]
    psf = GaussianPsf(torch.tensor([1.0]))
    seen = convolve(clean, psf)
    # scikit-image starts from 1/2 where this starts from the mean, which the first step divides out.
    expected = restoration.richardson_lucy(seen[0, 0].double().numpy(), dense(psf).weights[0].numpy(), num_iter=4)
    ours = RichardsonLucy(4).deconvolve(seen, psf, 0.0)[0, 0].numpy()
    np.testing.assert_allclose(ours[36:-36, 36:-36], expected[36:-36, 36:-36], atol=1e-4)


def test_the_border_is_restored_as_well_as_the_middle() -> None:
    clean = torch.rand(64, 1, 24, 24, generator=torch.Generator().manual_seed(0))
    wide = torch.nn.functional.interpolate(clean, size=(48, 48), mode="bilinear")
    psf = GaussianPsf(torch.full((64,), 1.0))
    view = convolve(wide, psf)[..., 12:-12, 12:-12]
    error = (RichardsonLucy().deconvolve(view, psf, 0.0) - wide[..., 12:-12, 12:-12]).square().mean((0, 1))
    before = (view - wide[..., 12:-12, 12:-12]).square().mean((0, 1))
    assert float(error[0].mean()) < 0.8 * float(before[0].mean())
    assert float(error[:, -1].mean()) < 0.8 * float(before[:, -1].mean())


def test_values_stay_within_the_range_of_images_though_noise_left_it() -> None:
    clean = torch.zeros(2, 3, 32, 32)
    clean[..., 10:20, 12:14] = 1
    seen = seen_through(Chain((LinearMotion(5), GaussianNoise(4))), clean)
    assert float(seen.images.min()) < 0
    x = restored(seen)
    assert 0 <= float(x.min()) <= float(x.max()) <= 1


def test_black_and_sharp_images_come_back() -> None:
    black = torch.zeros(2, 1, 16, 16)
    torch.testing.assert_close(restored(seen_through(Gaussian(1), black)), black)
    clean = photographs()
    torch.testing.assert_close(RichardsonLucy().deconvolve(clean, delta(4), 0.0), clean)


def test_an_image_is_restored_alike_in_any_batch() -> None:
    clean = photographs()
    seen = seen_through(Chain((RandomWalkMotion(4), *SENSOR)), clean)
    assert seen.psf is not None
    alone = RichardsonLucy().deconvolve(seen.images[2:3], type(seen.psf)(dense(seen.psf).weights[2:3]), seen.noise_std)
    torch.testing.assert_close(restored(seen)[2:3], alone, rtol=0, atol=1e-4)


def test_it_declines_a_blur_that_varies_over_the_image() -> None:
    with pytest.raises(Skip, match="one PSF"):
        RichardsonLucy().deconvolve(photographs(), SigmaMap(torch.ones(4, 64, 64)), 0.0)


def test_it_is_an_oracle_that_fits_nothing(registry: Registry) -> None:
    restorer = registry.resolve("restorers", "richardson-lucy[iterations=10]")
    assert restorer == RichardsonLucy(10)
    assert (restorer.knows, restorer.trainable) == ("true PSF", False)
    with pytest.raises(UsageError, match="must lie between 1 and 10000, not 0"):
        registry.resolve("restorers", "richardson-lucy[iterations=0]")
