"""A restorer goes first; the classifier is fitted to what it gives and asked about what it gives."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from blurbench import hookimpl
from blurbench.contract import (
    AnyRestorer,
    Control,
    Dataset,
    Deconvolver,
    Degraded,
    FitJob,
    Fitted,
    ImageSet,
    Knows,
    Need,
    Plugin,
    Predictor,
    PredictorNeed,
    Ref,
    RestorerNeed,
    Restoring,
    Setting,
    Shape,
    Strategy,
)
from blurbench.errors import Skip
from blurbench_strategies.plain import Plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    import torch
    from torch import nn


@dataclass(frozen=True)
class DeblurThenClassify(Strategy):
    """Restored images reach the classifier as they are, values outside [0, 1] included. The restorer stays frozen."""

    paper: ClassVar[str] = "Shen, Huang, Zhang 2022, section 3.6"

    restorer: Ref[AnyRestorer]
    fitted_on: Ref[Dataset] | None = None
    """The data set that the restorer is fitted on; default: the classifier's own."""
    classifier: Literal["restored", "clean"] = "restored"
    """What the classifier is fitted to: restored training images, or clean ones (the plain classifier, unchanged)."""

    def __post_init__(self) -> None:
        if self.fitted_on is not None and not self.restorer.trainable:
            raise ValueError("fitted_on says nothing about a restorer that is not fitted")

    def knows(self) -> Knows:
        if self.restorer.knows == "true PSF" or not self.uses_train_blur():
            return self.restorer.knows
        return "training blur"

    def control(self) -> Control:
        return self.restorer.control()

    def told_sigma(self) -> float | None:
        return self.restorer.told_sigma()

    def uses_train_blur(self) -> bool:
        return self.restorer.trainable or self.classifier == "restored"

    def requires(self) -> tuple[str, ...]:
        clean = ("clean images",) if self.classifier == "clean" else ()
        weights = ("weights",) if self.restorer.files() else ()
        return ("labels", *clean, *(("image pairs",) if self.restorer.trainable else ()), *weights)

    def around_given(self) -> Strategy:
        return self if self.restorer.trainable else replace(self, classifier="clean")

    def needs(self, setting: Setting) -> Mapping[str, Need]:
        needs: dict[str, Need] = {}
        if self.restorer.trainable:
            needs["restorer"] = RestorerNeed(self.restorer, self.fitted_on or setting.dataset, setting.train_blur)
        if self.classifier == "clean":
            needs["plain"] = PredictorNeed(Plain())
        return needs

    def build(self, setting: Setting) -> nn.Module | None:
        return None if self.classifier == "clean" else super().build(setting)

    def fit(self, module: nn.Module | None, job: FitJob) -> Mapping[str, Any]:
        from blurbench.training import batchwise, fit_from_scratch

        if module is None:
            return {}
        inputs = _with_loaded(self.restorer, job.inputs, job.setting.shape, job.train.images.device)
        # A blur that draws nothing gives the same object every epoch: its images are restored once.
        restored = lru_cache(maxsize=2)(partial(_restore, self.restorer, inputs))

        def seen(images: ImageSet, epoch: int) -> torch.Tensor:
            return batchwise(images, lambda some: restored(job.blur(some, epoch)))

        return fit_from_scratch(module, job, seen)

    def predictor(self, setting: Setting, own: Fitted, inputs: Mapping[str, Fitted]) -> Predictor:
        module = own.module or inputs["plain"].module
        assert module is not None
        inputs = _with_loaded(self.restorer, inputs, setting.shape, _device(module))
        return RestoringPredictor(self.restorer, inputs, module.eval())

    def at_prediction(self) -> tuple[Plugin, ...]:
        return (self.restorer,)


@dataclass(frozen=True)
class RestoringPredictor(Restoring):
    """A restorer, then a classifier."""

    restorer: AnyRestorer
    inputs: Mapping[str, Fitted]
    classifier: nn.Module

    def restores_as(self) -> Hashable | None:
        """The restorer, and the artifact of what was fitted for it. A network in no store is nobody else's."""
        fitted = self.inputs.get("restorer")
        if fitted is None:
            return self.restorer
        return (self.restorer, fitted.key) if fitted.key else None

    def restore(self, degraded: Degraded) -> torch.Tensor:
        """Restored images. Raises Skip where a deconvolver is not told a PSF."""
        return _restore(self.restorer, self.inputs, degraded)

    def classify(self, restored: torch.Tensor) -> torch.Tensor:
        """Logits, a chunk at a time."""
        from blurbench.training import forward

        return forward(self.classifier, restored)

    def logits_network(self) -> nn.Module:
        return self.classifier


# --- restoring -----------------------------------------------------------------------------------------------------


def _with_loaded(
    restorer: AnyRestorer, inputs: Mapping[str, Fitted], shape: Shape, device: torch.device
) -> Mapping[str, Fitted]:
    """`inputs`, and the network of a restorer whose weights exist already, as if it had been fitted."""
    if restorer.trainable or isinstance(restorer, Deconvolver):
        return inputs
    if (network := restorer.load(shape)) is None:
        return inputs
    return {**inputs, "restorer": Fitted(network.eval().requires_grad_(False).to(device))}


def _device(module: nn.Module) -> torch.device:
    import torch

    return next((parameter.device for parameter in module.parameters()), torch.device("cpu"))


def _restore(restorer: AnyRestorer, inputs: Mapping[str, Fitted], degraded: Degraded) -> torch.Tensor:
    from blurbench.training import forward

    if isinstance(restorer, Deconvolver):
        return _deconvolve(restorer, degraded)
    module = inputs["restorer"].module if "restorer" in inputs else None
    return forward(lambda images: _checked(restorer, restorer.restore(images, module), images), degraded.images)


def _deconvolve(restorer: Deconvolver, degraded: Degraded) -> torch.Tensor:
    import torch

    if degraded.psf is None:
        raise Skip("a deconvolver needs the PSF, and none describes this degradation")
    with torch.inference_mode():
        return torch.cat(
            [
                _checked(restorer, restorer.deconvolve(part.images, part.psf, part.noise_std), part.images)
                for part in _chunks(degraded)
                if part.psf
            ]
        )


def _checked(restorer: AnyRestorer, restored: torch.Tensor, images: torch.Tensor) -> torch.Tensor:
    from blurbench.imaging.received import check_images

    check_images(f"restorer {type(restorer).__name__}", restored, images)
    return restored


def _chunks(degraded: Degraded) -> Iterator[Degraded]:
    """A few images at a time: the spectra of a whole training set would not fit into memory."""
    from blurbench.training import CHUNK

    for start in range(0, len(degraded.images), CHUNK):
        yield degraded.part(slice(start, start + CHUNK))


@hookimpl
def register_strategies(register: Callable[[str, type[Strategy]], None]) -> None:
    register("deblur-then-classify", DeblurThenClassify)
