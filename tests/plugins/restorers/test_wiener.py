"""The restorers that fit nothing."""

from __future__ import annotations

import pytest
import torch
from blurbench_blurs.chain import Chain
from blurbench_blurs.diagonal_motion import DiagonalMotion
from blurbench_blurs.gaussian import Gaussian
from blurbench_blurs.gaussian_noise import GaussianNoise
from blurbench_blurs.round_8bit import Round8Bit
from blurbench_restorers.wiener import Wiener

from blurbench.contract import SigmaMap
from blurbench.errors import Skip
from blurbench.imaging.draws import Draws
from blurbench.imaging.psf import delta
from tests.plugins.restorers.scipys_digits import digits


def error(x: torch.Tensor, clean: torch.Tensor) -> torch.Tensor:
    return (x - clean).square().flatten(1).mean(1)


@pytest.mark.parametrize(
    "blur",
    [
        Gaussian(1),
        Chain((Gaussian(1, size=9), DiagonalMotion())),
        Chain((Gaussian(1), GaussianNoise(2), Round8Bit())),
        Chain((Gaussian(1, size=9), DiagonalMotion(), GaussianNoise(2), Round8Bit())),
    ],
    ids=["gaussian", "move", "gaussian, sensor", "move, sensor"],
)
def test_wiener_wins_on_digits_that_touch_the_border(blur: Chain) -> None:
    clean = digits()
    seen = blur.degrade(clean, Draws(range(len(clean)), 1, ("test",)))
    assert seen.psf is not None
    restored = Wiener().deconvolve(seen.images, seen.psf, seen.noise_std)
    assert restored.shape == clean.shape
    assert bool((error(restored, clean) < error(seen.images, clean)).all())
    assert float(error(restored, clean).mean()) < 0.6 * float(error(seen.images, clean).mean())


def test_wiener_stays_within_the_range_of_images() -> None:
    clean = digits()
    seen = Gaussian(1).degrade(clean, Draws(range(len(clean)), 1, ("test",)))
    assert seen.psf is not None
    restored = Wiener().deconvolve(seen.images, seen.psf, 0.0)
    assert 0 <= float(restored.min()) <= float(restored.max()) <= 1


def test_wiener_trusts_images_the_less_the_more_noise_it_is_told_of() -> None:
    clean = digits()
    seen = Chain((Gaussian(1), GaussianNoise(8))).degrade(clean, Draws(range(len(clean)), 1, ("test",)))
    assert seen.psf is not None
    told = (0.0, seen.noise_std, 5 * seen.noise_std)
    errors = [float(error(Wiener().deconvolve(seen.images, seen.psf, std), clean).mean()) for std in told]
    assert errors[1] == min(errors)


def test_wiener_leaves_sharp_images_alone() -> None:
    clean = digits()
    torch.testing.assert_close(Wiener().deconvolve(clean, delta(len(clean)), 0.0), clean, rtol=0, atol=1e-3)


def test_wiener_declines_a_blur_that_varies_over_the_image() -> None:
    with pytest.raises(Skip, match="one PSF"):
        Wiener().deconvolve(digits(), SigmaMap(torch.ones(60, 16, 16)), 0.0)


def test_wiener_is_an_oracle() -> None:
    assert Wiener.knows == "true PSF"
