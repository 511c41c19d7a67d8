"""restored = deconvolve(blurred, Gaussian of the sigma that an estimator reads off it): blind, one image at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from blurbench import hookimpl
from blurbench.contract import (
    AnyRestorer,
    Control,
    Deconvolver,
    Estimator,
    EstimatorJob,
    GaussianPsf,
    Knows,
    Levels,
    Ref,
    Restorer,
    RestorerJob,
    Shape,
)
from blurbench_restorers.wiener import Wiener

if TYPE_CHECKING:
    import torch
    from torch import nn

BANK = (0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0)
"""Sigmas of the uniform deconvolutions that `varying` blends; between two of them linearly."""
ROUNDING = 1 / (255 * 12**0.5)
"""The noise of 8 bits: a picture has no less."""


@dataclass(frozen=True)
class EstimateThenDeconvolve(Restorer):
    """A trainable estimator is fitted on the clean training images alone, whatever they will be blurred with.

    Images smaller than the estimator's window are mirrored at their borders for the reading.
    """

    paper: ClassVar[str] = "the use that Patro 2017 names for an estimated sigma; noise after Immerkaer 1996"
    knows: ClassVar[Knows] = "nothing"

    estimator: Ref[Estimator]
    deconvolver: Ref[AnyRestorer] = field(default=Wiener())
    varying: bool = False
    """Sigma may change over the image: uniform deconvolutions are blended by the map of sigma."""
    noise: Annotated[float, Levels(0, 50)] | Literal["estimated"] = "estimated"
    """What the deconvolver is told, standard deviation of 255."""

    def __post_init__(self) -> None:
        if not isinstance(self.deconvolver, Deconvolver):
            raise ValueError("deconvolver must be one that is told the PSF, such as wiener or richardson-lucy")

    @property
    def trainable(self) -> bool:  # type: ignore[override] # a class variable where it does not depend on a parameter
        return self.estimator.trainable

    def control(self) -> Control:
        """One sigma for all images is right by chance alone."""
        return "" if self.told_sigma() is None else "wrong PSF"

    def told_sigma(self) -> float | None:
        return self.estimator.constant()

    def fitted_as(self) -> EstimateThenDeconvolve:
        """What is done with sigma changes nothing about the network that reads it."""
        return EstimateThenDeconvolve(self.estimator.fitted_as())

    def build(self, shape: Shape) -> nn.Module | None:
        return self.estimator.build()

    def fit(self, module: nn.Module, job: RestorerJob) -> Mapping[str, Any]:
        return self.estimator.fit(module, EstimatorJob(job.train, job.validation, job.budget, job.seed))

    def restore(self, images: torch.Tensor, module: nn.Module | None) -> torch.Tensor:
        """Restored images; each depends on itself alone."""
        from blurbench.imaging.received import check_sigmas
        from blurbench.imaging.windows import at_least

        window = self.estimator.window
        if self.varying and min(images.shape[-2:]) > window:
            return self._blended(images, self._map(images, module))
        sigma = self.estimator.estimate(at_least(images, window), module)
        check_sigmas(f"estimator {type(self.estimator).__name__}", sigma, (len(images),), self.estimator.limits)
        return self._deconvolved(images, sigma)

    def _deconvolved(self, images: torch.Tensor, sigma: torch.Tensor) -> torch.Tensor:
        """With the Gaussians of `sigma` (N,), images of about the same noise together."""
        import torch

        assert isinstance(self.deconvolver, Deconvolver)
        restored = torch.empty_like(images)
        steps = self._noise_steps(images)
        for step in sorted(set(steps.tolist())):
            some = steps == step
            noise = ROUNDING * 2 ** (step / 2) if self.noise == "estimated" else self.noise / 255
            restored[some] = self.deconvolver.deconvolve(images[some], GaussianPsf(sigma[some]), noise)
        return restored

    def _noise_steps(self, images: torch.Tensor) -> torch.Tensor:
        """Each image's noise as half octaves above that of rounding, int64 (N,)."""
        from blurbench.imaging.noise import noise_std

        if self.noise != "estimated":
            return images.new_zeros(len(images)).long()
        return (2 * (noise_std(images) / ROUNDING).clamp_min(1).log2()).round().long()

    def _map(self, images: torch.Tensor, module: nn.Module | None) -> torch.Tensor:
        """Sigma (N, H, W) at every pixel: readings a quarter of a window apart, averaged with their neighbours."""
        from blurbench.imaging.windows import spread_out

        stride = max(1, self.estimator.window // 4)
        return spread_out(self.estimator.sigma_map(images, module, stride), self.estimator.window, stride, images)

    def _blended(self, images: torch.Tensor, sigma: torch.Tensor) -> torch.Tensor:
        import torch

        sigma = sigma.clamp(BANK[0], BANK[-1])
        restored = torch.zeros_like(images)
        for place, one in enumerate(BANK):
            below, above = BANK[max(place - 1, 0)], BANK[min(place + 1, len(BANK) - 1)]
            rising = (sigma - below) / (one - below) if place else torch.ones_like(sigma)
            falling = (above - sigma) / (above - one) if place < len(BANK) - 1 else torch.ones_like(sigma)
            weight = torch.minimum(rising, falling).clamp(0, 1)
            some = weight.flatten(1).any(1)
            if some.any():
                like = sigma.new_full((int(some.sum()),), one)
                restored[some] += weight[some, None] * self._deconvolved(images[some], like)
        return restored


@hookimpl
def register_restorers(register: Callable[[str, type[Restorer] | type[Deconvolver]], None]) -> None:
    register("estimate-then-deconvolve", EstimateThenDeconvolve)
