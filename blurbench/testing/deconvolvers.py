"""What a deconvolver promises: told the PSF, it gives back more of the picture than the blur left."""

from __future__ import annotations

import torch
from torch import Tensor

from blurbench.contract import Deconvolver, Degraded, DensePsf, DiscPsf, GaussianPsf, Psf, SigmaMap, TapsPsf
from blurbench.imaging.convolution import convolve
from blurbench.imaging.received import check_images
from blurbench.registry import Registry
from blurbench.testing.guards import check_rows
from blurbench.testing.report import Report
from blurbench.testing.samples import pictures

__all__ = ["check_deconvolver"]

SIDE = 48


def check_deconvolver(report: Report, registry: Registry, deconvolver: Deconvolver) -> None:
    """Try every type of PSF, without noise and with that of 8 bits, on grey and colour crops of photographs."""
    report.expect(
        deconvolver.knows == "true PSF" and not deconvolver.trainable,
        f"knows is {deconvolver.knows!r} and trainable {deconvolver.trainable}",
        "a Deconvolver knows the 'true PSF' and is never fitted: leave both as they are",
    )
    for channels in (1, 3):
        for name, psf in _psfs(4).items():
            for noise in (0.0, 1 / (255 * 12**0.5)):
                with report.trying(f"deconvolving a {name}"):
                    _check(report, deconvolver, channels, name, psf, noise)


def _psfs(count: int) -> dict[str, Psf]:
    offsets = torch.stack([torch.zeros(5, dtype=torch.int64), torch.arange(-2, 3)], 1)
    kernel = torch.tensor([[0.0, 1.0, 0.0], [1.0, 4.0, 2.0], [0.0, 2.0, 0.0]], dtype=torch.float64)
    return {
        "GaussianPsf": GaussianPsf(torch.linspace(1.0, 1.6, count, dtype=torch.float64)),
        "TapsPsf": TapsPsf(offsets.expand(count, 5, 2), torch.full((count, 5), 0.2, dtype=torch.float64)),
        "DiscPsf": DiscPsf(torch.linspace(1.5, 2.5, count, dtype=torch.float64)),
        "DensePsf": DensePsf((kernel / kernel.sum()).expand(count, 3, 3)),
        "SigmaMap": SigmaMap(torch.linspace(0.8, 1.6, SIDE, dtype=torch.float64).expand(count, SIDE, SIDE)),
    }


def _check(report: Report, deconvolver: Deconvolver, channels: int, name: str, psf: Psf, noise: float) -> None:
    clean = pictures(channels, 4, SIDE, SIDE).images
    blurred = convolve(clean, psf)
    if noise:
        blurred = blurred.mul(255).round().div(255)
    degraded = Degraded(blurred, psf, noise)

    def deconvolved(part: Degraded) -> Tensor:
        assert part.psf is not None
        restored = deconvolver.deconvolve(part.images, part.psf, part.noise_std)
        check_images("deconvolve()", restored, part.images)
        return restored

    what = f"deconvolving a {name}"
    restored = check_rows(report, what, lambda rows: degraded.part(rows), deconvolved, len(clean))  # type: ignore[arg-type]
    if restored is None:
        return
    before, after = (float((images - clean).square().mean()) for images in (blurred, restored))
    report.expect(
        after < before,
        f"{what} ({'noiseless' if not noise else '8 bits'}) leaves a squared error of {after:.2g}, doing nothing "
        f"{before:.2g}",
        "an offset of a PSF is where the light goes; lean on noise_std, and look at the borders",
    )
