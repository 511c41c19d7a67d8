"""sigma = step * argmax_c log p(c | 32x32 patch): which of 10 or 30 Gaussian blurs was it?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from blurbench import hookimpl
from blurbench.contract import (
    Budget,
    Count,
    Estimator,
    EstimatorJob,
    Fraction,
    ImageSet,
    Levels,
    Padding,
    Pixels,
    Recipe,
)
from blurbench.errors import Skip

if TYPE_CHECKING:
    import torch
    from torch import nn


@dataclass(frozen=True)
class CnnSigma(Estimator):
    """Classes c = 1 .. `classes` stand for sigma = c `largest` / `classes`. Fitted to patches of the pictures that it
    is given, each blurred as a whole and rounded to 8 bits. An image's sigma is the median over its windows."""

    paper: ClassVar[str] = "Patro 2017, Blur kernel estimation using deep learning; network from the author's programme"

    classes: Annotated[int, Count(2, 300)] = 30
    """The report has 10 (steps of 0.3 pixels) and 30 (0.1)."""
    largest: Annotated[float, Pixels(0.3, 10)] = 3.0
    network: Literal["conv8-fc4", "conv8-fc4-wide", "conv4-fc2", "fcn"] = "conv8-fc4"
    """The report's, with 3.27 million parameters; a guess at its larger one, with 5.2 million; a small one.
    `fcn` gives a number at every pixel instead of a class (mean squared error), and learns from the same patches."""
    reading: Literal["argmax", "mean"] = "argmax"
    """The likeliest class, or the mean of all classes by their probabilities."""
    patches: Annotated[int, Count(1)] = 20_000
    """Training patches an epoch; other ones each epoch until all of them were met."""
    share: Annotated[float, Fraction(0.001, 1.0)] = 0.25
    """Of all squares at all sigmas that are used: 0.25 in the report for 30 classes, 1 for 10."""
    noise: Annotated[float, Levels(0, 50)] = 0.0
    """Largest standard deviation of the noise on training patches."""
    padding: Padding = "replicate"

    trainable: ClassVar[bool] = True

    @property
    def limits(self) -> tuple[float, float]:
        return (0.0 if self.network == "fcn" else self.largest / self.classes, self.largest)

    @property
    def answers(self) -> tuple[float, ...] | None:
        return self.sigmas() if self.reading == "argmax" and self.network != "fcn" else None

    def fitted_as(self) -> CnnSigma:
        return replace(self, reading="argmax")

    def build(self) -> nn.Module:
        from blurbench_estimators.networks.regressor import Regressor
        from blurbench_estimators.networks.windowed import (
            eight_conv_four_fc,
            four_conv_two_fc,
            wider_eight_conv_four_fc,
        )

        match self.network:
            case "fcn":
                return Regressor(self.largest / 2)
            case "conv8-fc4":
                return eight_conv_four_fc(self.classes)
            case "conv8-fc4-wide":
                return wider_eight_conv_four_fc(self.classes)
            case "conv4-fc2":
                return four_conv_two_fc(self.classes)

    def recipe(self, budget: Budget) -> Recipe:
        if budget.recipes == "paper":
            return Recipe(budget.epochs, 1e-3, batch_size=50, optimizer="adagrad", schedule="constant")
        return Recipe(budget.epochs, 3e-4 if self.network == "fcn" else 2e-3, batch_size=64)

    def windows_seen(self, budget: Budget) -> int:
        return self.patches * self.recipe(budget).epochs

    def fit(self, module: nn.Module, job: EstimatorJob) -> Mapping[str, Any]:
        from blurbench.imaging.sharpness import grey
        from blurbench.imaging.windows import at_least
        from blurbench_estimators.fitting import fit
        from blurbench_estimators.patches import Patches

        def patches(pictures: ImageSet) -> Patches:
            images = at_least(grey(pictures.images), self.window)
            return Patches(images, self.sigmas(), self.window, self.padding, self.noise)

        recipe, is_class = self.recipe(job.budget), self.network != "fcn"
        return fit(module, job, recipe, patches, self.share, self.patches, is_class)

    def sigmas(self) -> tuple[float, ...]:
        """What each class stands for."""
        return tuple(self.largest * c / self.classes for c in range(1, self.classes + 1))

    def estimate(self, images: torch.Tensor, module: nn.Module | None = None) -> torch.Tensor:
        if images.shape[-2:] == (self.window, self.window):
            return self.sigma_map(images, module)[:, 0, 0]
        return self.sigma_map(images, module, stride=self.window // 4).flatten(1).median(1).values

    def sigma_map(self, images: torch.Tensor, module: nn.Module | None = None, stride: int = 1) -> torch.Tensor:
        """Convolutions are shared by all windows; an image of 640x640 takes seconds, not hours."""
        from blurbench.imaging.sharpness import grey
        from blurbench_estimators.reading import read_map

        if module is None:
            raise Skip("cnn-sigma must be fitted before it can estimate")
        return read_map(module, grey(images), stride, self.sigmas(), self.limits, self.reading == "mean")


@hookimpl
def register_estimators(register: Callable[[str, type[Estimator]], None]) -> None:
    register("cnn-sigma", CnnSigma)
