"""The contract of strategies, the remedies that are compared, and of the predictors that they give."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from blurbench.contract.blur import Blur
from blurbench.contract.budget import Budget
from blurbench.contract.classifier import Classifier
from blurbench.contract.dataset import Dataset
from blurbench.contract.estimator import Estimator
from blurbench.contract.images import Output
from blurbench.contract.plugin import Control, Knows, Plugin
from blurbench.contract.restorer import AnyRestorer
from blurbench.imaging.values import Degraded, ImageSet, Shape

if TYPE_CHECKING:
    import torch
    from torch import nn

__all__ = [
    "EstimatorNeed",
    "FitJob",
    "Fitted",
    "ModulePredictor",
    "Need",
    "Predictor",
    "PredictorNeed",
    "RestorerNeed",
    "Restoring",
    "Setting",
    "Strategy",
]


@dataclass(frozen=True)
class Setting:
    """One predictor to be had: a point of the matrix, test blur aside."""

    dataset: Dataset
    train_blur: Blur
    classifier: Classifier
    strategy: Strategy
    shape: Shape
    classes: int
    budget: Budget
    seed: int


@dataclass(frozen=True)
class PredictorNeed:
    """Another strategy's predictor, for the setting's classifier, training blur, data set and seed unless others are
    named."""

    strategy: Strategy
    classifier: Classifier | None = None
    train_blur: Blur | None = None
    dataset: Dataset | None = None
    seed: int | None = None


@dataclass(frozen=True)
class RestorerNeed:
    """A restorer fitted to `train_blur` on `dataset`."""

    restorer: AnyRestorer
    dataset: Dataset
    train_blur: Blur


@dataclass(frozen=True)
class EstimatorNeed:
    """An estimator fitted on `dataset` (the setting's own where None), on its training pictures alone."""

    estimator: Estimator
    dataset: Dataset | None = None


Need: TypeAlias = PredictorNeed | RestorerNeed | EstimatorNeed


@dataclass(frozen=True, eq=False)
class Fitted:
    """An artifact that a need was met with: its network, if it has one, frozen and in eval mode, and its notes."""

    module: nn.Module | None
    notes: Mapping[str, Any] = field(default_factory=dict)
    predictor: Predictor | None = None
    """What that strategy answers, restorers and all, where the need was of a predictor."""
    key: str = ""
    """Of the stored artifact; none where it was made on the spot."""


@dataclass(frozen=True, eq=False)
class FitJob:
    """What fitting a predictor may use. There are no test images in it."""

    setting: Setting
    train: ImageSet
    validation: ImageSet
    blur: Callable[[ImageSet, int], Degraded]
    """`blur(image_set, epoch)` applies the setting's training blur, freshly drawn for each epoch."""
    inputs: Mapping[str, Fitted]
    """The artifacts that `needs` asked for, by the same names."""


class Predictor(ABC):
    """A fitted thing that maps images to logits.

    The test images of a cell reach it as a stream, `batch` at a time in the order of their ids. What a predictor
    remembers from batch to batch begins in `start`.
    """

    batch: int | None = 256
    """Images at once; None: the whole test set. A remedy that looks at one image at a time need not say."""
    gradients: bool = False
    """Whether `predict` computes gradients: it is then called outside inference mode."""

    adapts: bool = False
    """Whether an answer depends on the images that are met together, or were met before: say so in `requires`."""

    def start(self) -> None:  # noqa: B027 - most remember nothing
        """A new stream begins: forget what was learned from another one."""

    @abstractmethod
    def predict(self, degraded: Degraded) -> Output:
        """Logits for N images. `degraded.psf` is None unless the strategy knows the true PSF."""

    def logits_network(self) -> nn.Module | None:
        """The network that gives the logits, for the analyses that a suite asks for; None keeps them out."""
        return None


class Restoring(Predictor):
    """Restores images, then classifies what came of it. Rows that restore alike share what was restored once."""

    def restores_as(self) -> Hashable | None:
        """Equal for predictors that restore alike, whatever they classify with; None: nobody else restores so."""
        return None

    @abstractmethod
    def restore(self, degraded: Degraded) -> torch.Tensor:
        """Restored images (N, C, H, W)."""

    @abstractmethod
    def classify(self, restored: torch.Tensor) -> torch.Tensor:
        """Logits (N, classes) of restored images (N, C, H, W)."""

    def predict(self, degraded: Degraded) -> Output:
        """Logits and the restored images."""
        restored = self.restore(degraded)
        return Output(self.classify(restored), restored=restored)


class ModulePredictor(Predictor):
    """The network alone: its logits for the images as they come."""

    def __init__(self, module: nn.Module) -> None:
        self.module = module.eval()

    def predict(self, degraded: Degraded) -> Output:
        import torch

        with torch.inference_mode():
            return Output(self.module(degraded.images))

    def logits_network(self) -> nn.Module:
        return self.module


class Strategy(Plugin):
    """A remedy: what is done about blur when a classifier is fitted and when it predicts."""

    def uses_train_blur(self) -> bool:
        """False where fitting never looks at the training blur: one predictor then stands for all of them."""
        return True

    def knows(self) -> Knows:
        """What the remedy is told about the blur."""
        return "training blur"

    def control(self) -> Control:
        """What its rows are controls for: others are held against them."""
        return ""

    def told_sigma(self) -> float | None:
        """The one sigma that it deblurs every image with, if that is what it does."""
        return None

    def requires(self) -> tuple[str, ...]:
        """What a user must have to apply it: 'labels', 'clean images', 'image pairs', 'weights' ..."""
        return ("labels",)

    def skip(self, setting: Setting) -> str | None:
        """The reason why it cannot be had for this setting, or None."""
        return None

    def around_given(self) -> Strategy:
        """The same remedy around a network that is given and stays as it is; itself where that is what it does, or
        where it has to fit something."""
        return self

    def needs(self, setting: Setting) -> Mapping[str, Need]:
        """The artifacts to be fitted before, by a name under which `fit` and `predictor` find them."""
        return {}

    def blurs_met(self, setting: Setting) -> tuple[Blur, ...]:
        """The blurs that `fit` blurs with, by which rows are tagged seen or unseen."""
        return (setting.train_blur,)

    def build(self, setting: Setting) -> nn.Module | None:
        """The network that `fit` fits and that is stored; None where the needed artifacts are all there is."""
        return setting.classifier.build(setting.shape, setting.classes)

    @abstractmethod
    def fit(self, module: nn.Module | None, job: FitJob) -> Mapping[str, Any]:
        """Fit `module` (from `build`) in place; return JSON notes, stored beside it and given to `predictor`."""

    def predictor(self, setting: Setting, own: Fitted, inputs: Mapping[str, Fitted]) -> Predictor:
        """Put the predictor together from what was fitted. Default: the network alone."""
        if own.module is None:
            raise NotImplementedError(f"{type(self).__name__} fits no network, so it must give predictor()")
        return ModulePredictor(own.module)

    def at_prediction(self) -> tuple[Plugin, ...]:
        """What runs beside the classifier for each image: rows with the same answer share one cost measurement."""
        return () if type(self).predictor is Strategy.predictor else (self,)
