"""Patches whose variance of the Laplacian lies below a threshold are blurry: the clean classifier does without them.

masked = variance(laplacian(patch)) < threshold, on the scale of 0..255
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, cast

from blurbench import hookimpl
from blurbench.contract import (
    Degraded,
    FitJob,
    Fitted,
    Knows,
    Limits,
    Need,
    Output,
    PatchClassifier,
    Plugin,
    Predictor,
    PredictorNeed,
    Setting,
    Strategy,
)
from blurbench.errors import Skip
from blurbench_strategies.plain import Plain

if TYPE_CHECKING:
    import torch
    from torch import nn

GRID = (1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0, 3000.0, 10000.0)
"""Thresholds to choose from."""


@dataclass(frozen=True)
class PatchMask(Strategy):
    """An image that would lose all of its patches is left whole: masking everything would tell nothing apart."""

    paper: ClassVar[str] = "Kim, removing blurry patches for a vision transformer"

    mask: Literal["below", "above"] = "below"
    """`below` masks the blurry patches; `above` all the others, as the paper's rule reads to the letter."""
    threshold: Annotated[float, Limits(0, 2_000_000)] | Literal["validation"] = 100.0
    """`validation`: the one of `GRID` with the best accuracy on the validation images under the training blur."""
    scope: Literal["image", "patch"] = "image"
    """The Laplacian of the whole image, or of each patch by itself, its border included."""
    how: Literal["zero", "drop"] = "zero"
    """Paint masked patches over, or drop their tokens, which also saves time."""
    fill: Literal["mean", "black"] = "mean"
    """The paint: the training images' mean colour, which is zero after standardisation, or zero before it. Where there
    are no training images, the mean colour is that by which the network standardises."""

    def knows(self) -> Knows:
        return "training blur" if self.threshold == "validation" else "nothing"

    def uses_train_blur(self) -> bool:
        return self.threshold == "validation"

    def requires(self) -> tuple[str, ...]:
        return ("labels", "clean images")

    def skip(self, setting: Setting) -> str | None:
        if not isinstance(setting.classifier, PatchClassifier):
            return "the classifier does not cut images into patches; masked-patches[network=...] has one do so"
        return None

    def needs(self, setting: Setting) -> Mapping[str, Need]:
        return {"plain": PredictorNeed(Plain())}

    def build(self, setting: Setting) -> nn.Module | None:
        return None

    def fit(self, module: nn.Module | None, job: FitJob) -> Mapping[str, Any]:
        """Nothing is fitted but the threshold, where it is to be chosen, and the mean colour."""
        mean = self._mean_colour(job)
        if self.threshold != "validation":
            return {"threshold": self.threshold, "mean": mean}
        if not len(job.validation):
            raise Skip("there are no validation images to choose the threshold by: give one, as threshold=100")
        blurred = job.blur(job.validation, 0)
        accuracies = {}
        # From the fewest masked patches to the most, so that of equally good thresholds the mildest is taken.
        for threshold in GRID if self.mask == "below" else reversed(GRID):
            notes = {"threshold": threshold, "mean": mean}
            output = self.predictor(job.setting, Fitted(None, notes), job.inputs).predict(blurred)
            accuracies[threshold] = (output.logits.argmax(1) == job.validation.labels).float().mean().item()
        best = max(accuracies, key=accuracies.__getitem__)
        return {"threshold": best, "mean": mean, "tried": [list(pair) for pair in accuracies.items()]}

    def _mean_colour(self, job: FitJob) -> list[float]:
        """A number a channel."""
        if len(job.train):
            return cast("list[float]", job.train.images.mean(dim=(0, 2, 3)).tolist())
        own, channels = getattr(job.inputs["plain"].module, "mean", None), job.setting.shape.channels
        if own is None and self.fill == "mean" and self.how == "zero":
            raise Skip("there are no training images to take the mean colour of: use fill=black, or how=drop")
        colour = [0.0] if own is None else own.flatten().tolist()
        return colour if len(colour) == channels else [fmean(colour)] * channels

    def predictor(self, setting: Setting, own: Fitted, inputs: Mapping[str, Fitted]) -> Predictor:
        classifier, module = setting.classifier, inputs["plain"].module
        assert isinstance(classifier, PatchClassifier)
        assert module is not None
        return MaskingPredictor(self, module.eval(), classifier.patch, own.notes["threshold"], own.notes["mean"])

    def at_prediction(self) -> tuple[Plugin, ...]:
        return (self,)


@dataclass(frozen=True)
class MaskingPredictor(Predictor):
    """The plain classifier without the patches that `strategy` masks at `threshold`; `mean` is one value a channel."""

    strategy: PatchMask
    module: nn.Module
    patch: int
    threshold: float
    mean: list[float]

    def predict(self, degraded: Degraded) -> Output:
        """Logits and, for each image, `masked_share`, the share of its patches that were masked."""
        from blurbench.training import forward

        images = degraded.images
        masked = self.masked(images)
        if self.strategy.how == "drop":
            logits = forward(self.module, images, ~masked)
        else:
            logits = forward(self.module, self.painted(images, masked))
        return Output(logits, observations={"masked_share": masked.float().mean(dim=1)})

    def logits_network(self) -> nn.Module:
        return self.module

    def masked(self, images: torch.Tensor) -> torch.Tensor:
        """Which patches of images (N, C, H, W) are masked, bool (N, P), row by row."""
        from blurbench.imaging.sharpness import patch_laplacian_variance

        blurry = patch_laplacian_variance(images, self.patch, self.strategy.scope) < self.threshold
        masked = blurry if self.strategy.mask == "below" else ~blurry
        return masked & ~masked.all(dim=1, keepdim=True)

    def painted(self, images: torch.Tensor, masked: torch.Tensor) -> torch.Tensor:
        """Images with `fill` where `masked` (N, P) says so."""
        import torch

        side = self.patch
        grid = masked.view(len(images), 1, images.shape[2] // side, images.shape[3] // side)
        pixels = grid.repeat_interleave(side, dim=2).repeat_interleave(side, dim=3)
        colour = images.new_tensor(self.mean if self.strategy.fill == "mean" else [0.0] * len(self.mean))
        return torch.where(pixels, colour[:, None, None], images)


@hookimpl
def register_strategies(register: Callable[[str, type[Strategy]], None]) -> None:
    register("patch-mask", PatchMask)
