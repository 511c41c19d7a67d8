"""What deconvolvers promise."""

from __future__ import annotations

import pytest
from torch import Tensor

from blurbench.contract import (
    Deconvolver,
    Plugin,
    Psf,
)
from blurbench.imaging.convolution import convolve
from tests.testing.broken import Faults, check_found

FAULTS = Faults()
breaks = FAULTS.breaks


@breaks("deconvolving a GaussianPsf (noiseless) leaves a squared error of")
class BlursAgain(Deconvolver):
    def deconvolve(self, images: Tensor, psf: Psf, noise_std: float) -> Tensor:
        return convolve(images, psf)


@pytest.mark.parametrize(("cls", "finding"), FAULTS)
def test_the_broken_promise_is_the_one_that_is_found(cls: type[Plugin], finding: str) -> None:
    check_found(cls, finding)
