"""Each image is brought to equal mean and contrast before the classifier, in fitting and in prediction: a control.

standardised = 0.5 + 0.25 (image - mean) / deviation        over all pixels and channels of the image
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from blurbench import hookimpl
from blurbench.contract import (
    Degraded,
    FitJob,
    Fitted,
    ImageSet,
    ModulePredictor,
    Output,
    Predictor,
    Setting,
    Strategy,
)
from blurbench_strategies.plain import Plain

if TYPE_CHECKING:
    import torch
    from torch import nn

_MEAN, _DEVIATION = 0.5, 0.25
_FAINTEST = 1 / 255  # a deviation below counts as this: an empty image has no contrast to be raised


@dataclass(frozen=True)
class Standardise(Plain):
    """Blur takes contrast away; this row says how much of a loss is that alone. Fitted to clean images as `plain` is;
    values may leave [0, 1]."""

    paper: ClassVar[str] = "a control of our own; contrast normalisation as in Coates, Ng and Lee 2011"

    def fit(self, module: nn.Module | None, job: FitJob) -> Mapping[str, Any]:
        from blurbench.training import fit_from_scratch

        assert module is not None
        same = replace(job, train=_of_set(job.train), validation=_of_set(job.validation))
        return fit_from_scratch(module, same, lambda images, epoch: images.images)

    def predictor(self, setting: Setting, own: Fitted, inputs: Mapping[str, Fitted]) -> Predictor:
        assert own.module is not None
        return StandardisingPredictor(own.module)


class StandardisingPredictor(ModulePredictor):
    """The network, asked about standardised images."""

    def predict(self, degraded: Degraded) -> Output:
        return super().predict(replace(degraded, images=standardised(degraded.images)))


def standardised(images: torch.Tensor) -> torch.Tensor:
    """Images (N, C, H, W), each with a mean of 0.5 and a standard deviation of 0.25."""
    mean = images.mean((1, 2, 3), keepdim=True)
    deviation = images.std((1, 2, 3), keepdim=True, correction=0).clamp_min(_FAINTEST)
    return _MEAN + _DEVIATION * (images - mean) / deviation


def _of_set(images: ImageSet) -> ImageSet:
    return replace(images, images=standardised(images.images))


@hookimpl
def register_strategies(register: Callable[[str, type[Strategy]], None]) -> None:
    register("standardise", Standardise)
