"""The contract of each plugin kind: derive a frozen dataclass from one of these classes and register it.

The fields of the dataclass are its parameters. Class variables describe the plugin. What a method is given is all that
it may know: a `Restorer` never sees the PSF, nothing that fits ever sees a test image. Importing this module (or a
built-in plugin) does not import torch: import it inside the methods that compute.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeAlias

from blurbench.errors import Unavailable
from blurbench.types import (
    Budget,
    Degraded,
    ImageSet,
    Output,
    Padding,
    Psf,
    Recipe,
    Shape,
    Splits,
)

if TYPE_CHECKING:
    import torch
    from torch import nn

    from blurbench.imaging.draws import Draws

__all__ = [
    "AnyRestorer",
    "Blur",
    "Classifier",
    "Dataset",
    "Deconvolver",
    "Estimator",
    "EstimatorJob",
    "FitJob",
    "Fitted",
    "Knows",
    "Need",
    "PatchClassifier",
    "Plugin",
    "Predictor",
    "PredictorNeed",
    "Restorer",
    "RestorerJob",
    "RestorerNeed",
    "Setting",
    "Strategy",
]

Knows: TypeAlias = Literal["nothing", "training blur", "true PSF"]
"""What a remedy is told about the blur that it meets. Rows that know the true PSF are oracles and rank apart."""


class Plugin(ABC):  # noqa: B024 - it has no method of its own
    """What all kinds share."""

    revision: ClassVar[int] = 1
    """Raise it by hand when results change: it is part of every key, so old artifacts are no longer reused."""

    paper: ClassVar[str] = ""
    """Where it comes from: authors, year, section."""


# --- blurs ---------------------------------------------------------------------------------------------------------


class Blur(Plugin):
    """Degrades clean images. A pure function of the images' ids, the parameters and the seed inside `draws`.

    Give either `psf` (the framework convolves, with the fastest path for the PSF's type) or, for anything that is not
    a convolution, your own `degrade`.
    """

    family: ClassVar[str] = ""
    """The kind of blur ("gaussian", "motion" ...), by which rows are tagged seen or unseen; default: its module."""

    padding: Padding = "reflect"

    def psf(self, draws: Draws) -> Psf:
        """The PSFs of the images of `draws`, one an image."""
        raise NotImplementedError(f"{type(self).__name__} gives neither psf() nor degrade()")

    def degrade(self, images: torch.Tensor, draws: Draws) -> Degraded:
        """Degrade `images` (N, C, H, W) in [0, 1]; the ids in `draws` are theirs, in the same order."""
        from blurbench.imaging.convolution import convolve
        from blurbench.imaging.received import check_psf

        psf = self.psf(draws)
        check_psf(f"blur {type(self).__name__}", psf, images)
        return Degraded(convolve(images, psf, self.padding), psf, padding=self.padding)

    def degrade_set(self, images: ImageSet, draws: Draws) -> Degraded:
        """Degrade a part of a data set; what the framework calls. Only a blur that was recorded needs more than
        the images themselves."""
        return self.degrade(images.images, draws)

    def families(self) -> tuple[tuple[str, Mapping[str, Any]], ...]:
        """The families met on the way, each with the values that its parameters can take."""
        values = {item.name: getattr(self, item.name) for item in fields(self)}  # type: ignore[arg-type]
        return ((self.family or type(self).__module__, values),)


# --- restorers -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class RestorerJob:
    """What fitting a restorer may use: clean images, and a blur to apply to them."""

    train: ImageSet
    validation: ImageSet
    blur: Callable[[ImageSet, int], Degraded]
    """`blur(image_set, epoch)`: freshly drawn for each epoch; ids must be a part of train's or validation's."""
    budget: Budget
    seed: int


class Restorer(Plugin):
    """Gives back an estimate of the clean image from the blurred one alone."""

    knows: ClassVar[Knows] = "training blur"

    trainable: ClassVar[bool] = True
    """False where there is nothing to fit, so that no artifact is made."""

    def fitted_as(self) -> Restorer:
        """The restorer that is fitted for it: itself, or one that differs in how the network is used alone."""
        return self

    def build(self, shape: Shape) -> nn.Module | None:
        """An unfitted network for images of `shape`, or None where there is nothing to fit."""
        return None

    def recipe(self, budget: Budget) -> Recipe:
        """How `fit` trains under this budget."""
        return Recipe(epochs=budget.restorer_epochs, learning_rate=2e-3)

    def fit(self, module: nn.Module, job: RestorerJob) -> Mapping[str, Any]:
        """Fit `module` in place to the mean squared error; return JSON notes (epochs run, losses)."""
        from blurbench.training import fit_restorer

        return fit_restorer(module, job, self.recipe(job.budget))

    def restore(self, images: torch.Tensor, module: nn.Module | None) -> torch.Tensor:
        """Restored images, same shape; values may leave [0, 1]. Default: what the fitted network gives."""
        if module is None:
            raise NotImplementedError(f"{type(self).__name__} gives neither build() nor restore()")
        restored: torch.Tensor = module(images)
        return restored


class Deconvolver(Plugin):
    """Gives back an estimate of the clean image, told the true PSF: an oracle."""

    knows: ClassVar[Knows] = "true PSF"

    trainable: ClassVar[bool] = False
    """A deconvolver is never fitted."""

    @abstractmethod
    def deconvolve(self, images: torch.Tensor, psf: Psf, noise_std: float) -> torch.Tensor:
        """Restored images, same shape. `noise_std` is on the 0..1 scale; 0 means none was added."""


AnyRestorer: TypeAlias = Restorer | Deconvolver


# --- classifiers ---------------------------------------------------------------------------------------------------


class Classifier(Plugin):
    """A recipe for a network that maps images in [0, 1] to logits."""

    @abstractmethod
    def build(self, shape: Shape, classes: int) -> nn.Module:
        """An unfitted network, weights drawn from torch's current seed: images (N, C, H, W) to logits (N, classes)."""

    def prepare(self, module: nn.Module, images: torch.Tensor) -> None:
        """Set fitted input statistics (mean image, whitening) in `module`'s buffers from clean training images."""

    def units(self, module: nn.Module) -> Sequence[Sequence[nn.Module]]:
        """The layers with weights in order from the input, for first-N; a norm belongs to the unit before it."""
        raise NotImplementedError(f"{type(self).__name__} does not name its units")

    def recipe(self, purpose: Literal["train", "finetune"], budget: Budget) -> Recipe:
        """How to fit it from scratch or onwards from a clean one under this budget."""
        if purpose == "train":
            return Recipe(epochs=budget.epochs, learning_rate=2e-3)
        return Recipe(epochs=budget.finetune_epochs, learning_rate=1e-3)


class PatchClassifier(Classifier):
    """A classifier that cuts images into square patches, each a token. Its module also takes a mask of patches:
    `module(images, keep)` with `keep` bool (N, P), row by row; the tokens that are not kept are dropped."""

    @property
    @abstractmethod
    def patch(self) -> int:
        """The side of a patch in pixels."""


# --- strategies ----------------------------------------------------------------------------------------------------


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
    """Another strategy's predictor for the same data set, classifier, budget and seed."""

    strategy: Strategy


@dataclass(frozen=True)
class RestorerNeed:
    """A restorer fitted to `train_blur` on `dataset`."""

    restorer: AnyRestorer
    dataset: Dataset
    train_blur: Blur


Need: TypeAlias = PredictorNeed | RestorerNeed


@dataclass(frozen=True, eq=False)
class Fitted:
    """An artifact that a need was met with: its network, if it has one, frozen and in eval mode, and its notes."""

    module: nn.Module | None
    notes: Mapping[str, Any] = field(default_factory=dict)


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
    """A fitted thing that maps images to logits."""

    @abstractmethod
    def predict(self, degraded: Degraded) -> Output:
        """Logits for N images. `degraded.psf` is None unless the strategy knows the true PSF."""

    def logits_network(self) -> nn.Module | None:
        """The network that gives the logits, for the analyses that a suite asks for; None keeps them out."""
        return None


class Strategy(Plugin):
    """A remedy: what is done about blur when a classifier is fitted and when it predicts."""

    def uses_train_blur(self) -> bool:
        """False where fitting never looks at the training blur: one predictor then stands for all of them."""
        return True

    def knows(self) -> Knows:
        """What the remedy is told about the blur."""
        return "training blur"

    def requires(self) -> tuple[str, ...]:
        """What a user must have to apply it: 'labels', 'clean images', 'image pairs', 'weights' ..."""
        return ("labels",)

    def skip(self, setting: Setting) -> str | None:
        """The reason why it cannot be had for this setting, or None."""
        return None

    def needs(self, setting: Setting) -> Mapping[str, Need]:
        """The artifacts to be fitted before, by a name under which `fit` and `predictor` find them."""
        return {}

    def build(self, setting: Setting) -> nn.Module | None:
        """The network that `fit` fits and that is stored; None where the needed artifacts are all there is."""
        return setting.classifier.build(setting.shape, setting.classes)

    @abstractmethod
    def fit(self, module: nn.Module | None, job: FitJob) -> Mapping[str, Any]:
        """Fit `module` (from `build`) in place; return JSON notes, stored beside it and given to `predictor`."""

    def predictor(self, setting: Setting, own: Fitted, inputs: Mapping[str, Fitted]) -> Predictor:
        """Put the predictor together from what was fitted. Default: the network alone."""
        from blurbench.training import ModulePredictor

        if own.module is None:
            raise NotImplementedError(f"{type(self).__name__} fits no network, so it must give predictor()")
        return ModulePredictor(own.module)

    def at_prediction(self) -> tuple[Plugin, ...]:
        """What runs beside the classifier for each image: rows with the same answer share one cost measurement."""
        return () if type(self).predictor is Strategy.predictor else (self,)


# --- estimators ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class EstimatorJob:
    """What fitting an estimator may use: clean pictures, which it blurs itself with sigmas that it draws."""

    train: ImageSet
    validation: ImageSet | None
    """Other pictures; None where a share of the training patches is to validate (the leaky split of the paper)."""
    budget: Budget
    seed: int


class Estimator(Plugin):
    """Reads the width of a Gaussian blur off an image, in pixels.

    Images are float32 (N, C, H, W) in [0, 1], grey or colour, at least `window` pixels a side.
    """

    trainable: ClassVar[bool] = False
    """True where there is something to fit, so that an artifact is made."""

    window: int = 32
    """The side in pixels of the square that one reading rests on."""

    @property
    def limits(self) -> tuple[float, float]:
        """The least and the largest sigma that it can answer."""
        return (0.0, math.inf)

    @property
    def answers(self) -> tuple[float, ...] | None:
        """All values that it can answer, rising, or None where it can answer any within `limits`."""
        return None

    def fitted_as(self) -> Estimator:
        """The estimator that is fitted for it: itself, or one that differs in how its network is read alone."""
        return self

    def build(self) -> nn.Module | None:
        """An unfitted network, or None where there is nothing to fit."""
        return None

    def recipe(self, budget: Budget) -> Recipe:
        """How `fit` trains under this budget."""
        return Recipe(epochs=budget.epochs)

    def windows_seen(self, budget: Budget) -> int | None:
        """How many windows `fit` trains on, epochs included, from which `blurbench plan` tells how long it takes; None:
        not known before."""
        return None

    def fit(self, module: nn.Module, job: EstimatorJob) -> Mapping[str, Any]:
        """Fit `module` in place; return JSON notes (epochs run, losses)."""
        raise NotImplementedError(f"{type(self).__name__} is trainable, so it must give fit()")

    @abstractmethod
    def estimate(self, images: torch.Tensor, module: nn.Module | None = None) -> torch.Tensor:
        """One sigma an image, float32 (N,), finite and within `limits`. `module` is what was fitted, in eval mode."""

    def sigma_map(self, images: torch.Tensor, module: nn.Module | None = None, stride: int = 1) -> torch.Tensor:
        """One sigma a window, float32 (N, h, w), h = (H - window) // stride + 1: entry (i, j) is the reading of the
        window whose first pixel is (i stride, j stride); it stands for the sigma at its centre, `window // 2` pixels
        further down and right. Default: `estimate` of each window.
        """
        from blurbench.imaging.received import check_shape
        from blurbench.imaging.windows import by_windows

        def read(windows: torch.Tensor) -> torch.Tensor:
            sigma = self.estimate(windows, module)
            check_shape(f"estimator {type(self).__name__}", "sigma", sigma, (len(windows),))
            return sigma

        return by_windows(read, images, self.window, stride)


# --- data sets -----------------------------------------------------------------------------------------------------


class Dataset(Plugin):
    """Labelled images, decoded into memory."""

    lineage: ClassVar[frozenset[str]] = frozenset()
    """Names of the collections that its images come from. Two data sets with a common name may share images, so
    nothing fitted on one is tested on the other."""

    licence: ClassVar[str] = ""
    about: ClassVar[str] = ""

    @abstractmethod
    def sources(self, folders: Sequence[Path]) -> tuple[Path, ...]:
        """The files that decide what `load` returns, found in the user's data `folders` or shipped in a package.

        Raises `Unavailable`, naming what is missing and how to get it. Cheap: reads no image.
        """

    @abstractmethod
    def load(self, folders: Sequence[Path]) -> Splits:
        """Decode. Deterministic; numpy only, no torch. Raises `Unavailable`, or `UsageError` for a damaged file."""

    def fetch(self, folder: Path) -> None:
        """Download into `folder`, with checksums."""
        raise Unavailable(f"{type(self).__name__} needs no download")
