"""What blurs promise."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from blurbench.contract import (
    Blur,
    Degraded,
    DensePsf,
    GaussianPsf,
    Padding,
    Plugin,
    Psf,
    Range,
)
from blurbench.imaging.convolution import convolve
from blurbench.imaging.draws import Draws
from blurbench.testing import check_plugin
from tests.testing.broken import Faults, check_found

FAULTS = Faults()
breaks = FAULTS.breaks


@breaks("it draws, but its result does not depend on the seed")
class DrawsInVain(Blur):
    def psf(self, draws: Draws) -> Psf:
        return GaussianPsf(1.0 + 0 * draws("sigma", Range(1, 2)))


@breaks("its result depends on the seed, but it asked its draws for nothing")
class OwnGenerator(Blur):
    def psf(self, draws: Draws) -> Psf:
        generator = np.random.default_rng(draws.seed)
        return GaussianPsf(torch.full((len(draws),), 1 + generator.random(), dtype=torch.float64))


@breaks("the weights of its PSF sum to 0.9950")
class LosesLight(Blur):
    def psf(self, draws: Draws) -> Psf:
        return DensePsf(torch.full((len(draws), 3, 3), 0.995 / 9, dtype=torch.float64))


@breaks("its images differ from the convolution with the PSF and padding that it states")
class AnotherPsf(Blur):
    def degrade(self, images: Tensor, draws: Draws) -> Degraded:
        used, said = (torch.full((len(images),), sigma, dtype=torch.float64) for sigma in (1.0, 1.1))
        return Degraded(convolve(images, GaussianPsf(used)), GaussianPsf(said))


@breaks("its images differ near the border from the convolution")
class AnotherPadding(Blur):
    padding: Padding = "zeros"

    def degrade(self, images: Tensor, draws: Draws) -> Degraded:
        psf = GaussianPsf(torch.ones(len(images), dtype=torch.float64))
        return Degraded(convolve(images, psf, "reflect"), psf, padding=self.padding)


@breaks("asked for padding 'replicate', it states 'reflect'")
class OnePadding(Blur):
    padding: Padding = "reflect"

    def degrade(self, images: Tensor, draws: Draws) -> Degraded:
        psf = GaussianPsf(torch.ones(len(images), dtype=torch.float64))
        return Degraded(convolve(images, psf), psf)


@breaks("and noise_std says 0.2")
class NoiseOf255(Blur):
    def degrade(self, images: Tensor, draws: Draws) -> Degraded:
        noise = torch.from_numpy(draws.normal("noise", images[0].numel())).to(images).view_as(images)
        psf = DensePsf(torch.ones(len(images), 1, 1, dtype=torch.float64))
        return Degraded(images + 0.02 * noise, psf, noise_std=0.2)


@pytest.mark.parametrize(("cls", "finding"), FAULTS)
def test_the_broken_promise_is_the_one_that_is_found(cls: type[Plugin], finding: str) -> None:
    check_found(cls, finding)


def test_all_findings_are_in_the_error() -> None:
    with pytest.raises(AssertionError, match=r"(?s)blur 'loses-light' breaks \d of its promises:.*sum to 0.9950"):
        check_plugin(LosesLight)
