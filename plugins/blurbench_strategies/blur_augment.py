"""The classifier is fitted anew, to a mixture of blurred and clean images."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from blurbench import hookimpl
from blurbench.contract import FitJob, Fraction, ImageSet, Strategy

if TYPE_CHECKING:
    import torch
    from torch import nn


@dataclass(frozen=True)
class BlurAugment(Strategy):
    """A coin decides for each image whether it is blurred; the size of the training set stays as it is."""

    paper: ClassVar[str] = "Kim, training on blurred and sharp images half and half"

    share: Annotated[float, Fraction(0, 1)] = 0.5
    """The chance that an image is blurred."""
    coin: Literal["index", "epoch"] = "index"
    """Thrown once for each image, or again in each epoch."""

    def requires(self) -> tuple[str, ...]:
        return ("labels", "clean images")

    def fit(self, module: nn.Module | None, job: FitJob) -> Mapping[str, Any]:
        from blurbench.training import fit_from_scratch

        assert module is not None
        return fit_from_scratch(module, job, lambda images, epoch: self.mixed(images, epoch, job))

    def mixed(self, images: ImageSet, epoch: int, job: FitJob) -> torch.Tensor:
        """The images of a part in an epoch (N, C, H, W), some of them blurred."""
        import torch

        blurred = self.is_blurred(images, epoch, job.setting.seed)
        return torch.where(blurred[:, None, None, None], job.blur(images, epoch).images, images.images)

    def is_blurred(self, images: ImageSet, epoch: int, seed: int) -> torch.Tensor:
        """The coin, bool (N,): a function of the image's id, the seed and, for `coin = "epoch"`, the epoch."""
        from blurbench.contract import Range
        from blurbench.imaging.draws import Draws

        draws = Draws(images.ids, seed, ("coin", epoch if self.coin == "epoch" else 0), images.images.device)
        return draws("blurred", Range(0, 1)) < self.share


@hookimpl
def register_strategies(register: Callable[[str, type[Strategy]], None]) -> None:
    register("blur-augment", BlurAugment)
