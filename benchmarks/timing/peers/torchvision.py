"""torchvision: `gaussian_blur`, which has one sigma for all images of a call. It has no other blur."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torchvision.transforms.v2 import functional

from benchmarks.timing.families import Case
from benchmarks.timing.peers.contender import Contender
from blurbench.contract import GaussianPsf

__all__ = ["contenders"]


def contenders(case: Case) -> Iterator[Contender]:
    """One call for all images where they have one sigma, else one call an image."""
    if not isinstance(case.psf, GaussianPsf):
        return
    side, sigmas = [case.size.kernel] * 2, case.psf.sigma.tolist()
    if len(set(sigmas)) == 1:
        yield Contender(
            "torchvision gaussian_blur", lambda: functional.gaussian_blur(case.images, side, [sigmas[0]] * 2)
        )
        return

    def each() -> torch.Tensor:
        pairs = zip(case.images, sigmas, strict=True)
        return torch.stack([functional.gaussian_blur(image, side, [sigma] * 2) for image, sigma in pairs])

    yield Contender("torchvision gaussian_blur, one by one", each)
