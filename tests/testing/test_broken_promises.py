"""Each plugin here breaks one promise, and the kit says which."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from blurbench.contract import (
    Answered,
    Blur,
    Deconvolver,
    Degraded,
    DensePsf,
    FitJob,
    Fitted,
    GaussianPsf,
    ModulePredictor,
    Need,
    Output,
    Padding,
    PatchClassifier,
    Pixels,
    Plugin,
    Predictor,
    PredictorNeed,
    Psf,
    Range,
    RestorerJob,
    Setting,
    Shape,
    Split,
    Splits,
)
from blurbench.imaging.convolution import convolve
from blurbench.imaging.draws import Draws
from blurbench.testing import check_plugin, report_on
from blurbench.testing.networks import SmallClassifier
from blurbench.testing.samples import (
    SAMPLES,
    SampleBlur,
    SampleClassifier,
    SampleDigits,
    SampleEstimator,
    SampleMetric,
    SampleRestorer,
    SampleStrategy,
)

FAULTS: list[Any] = []


def breaks(finding: str) -> Any:
    """A dataclass of a plugin in which exactly this is wrong."""

    def note(cls: type[Plugin]) -> type[Plugin]:
        cls.__doc__ = cls.__doc__ or "Wrong."
        made = dataclass(frozen=True)(cls)
        FAULTS.append(pytest.param(made, finding, id=cls.__name__))
        return made

    return note


# --- what all kinds promise ----------------------------------------------------------------------------------------


@breaks("the number 'width' has no range")
class NoRange(SampleBlur):
    width: float = 1.0


@breaks("it comes back from a record as")
class Derived(SampleBlur):
    width: Annotated[float, Pixels(1, 3)] = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "width", self.width + 1 if self.width < 2.5 else self.width)


@breaks("the defaults are refused: blur 'default-too-large': width: must lie between 1 and 3")
class DefaultTooLarge(SampleBlur):
    width: Annotated[float, Pixels(1, 3)] = 4.0


@breaks("revision is 0")
class NoRevision(SampleBlur):
    revision: ClassVar[int] = 0


@breaks("width = 'no such value' is not refused")
class TakesAnything(SampleBlur):
    width: Any = 1


@breaks("cannot be made: KeyError: 2.0")
class UnclearRefusal(SampleBlur):
    width: Annotated[float, Pixels(1, 3)] = 2.0

    def __post_init__(self) -> None:
        raise KeyError(self.width)


# --- blurs ---------------------------------------------------------------------------------------------------------


@breaks("it draws, but its result does not depend on the seed")
class DrawsInVain(Blur):
    def psf(self, draws: Draws) -> Psf:
        return GaussianPsf(1.0 + 0 * draws("sigma", Range(1, 2)))


@breaks("its result depends on the seed, but it asked its draws for nothing")
class OwnGenerator(Blur):
    def psf(self, draws: Draws) -> Psf:
        generator = np.random.default_rng(draws.seed)
        return GaussianPsf(torch.full((len(draws),), 1 + generator.random(), dtype=torch.float64))


@breaks("the answer for an image depends on the order of the batch")
class ByPosition(Blur):
    def psf(self, draws: Draws) -> Psf:
        return GaussianPsf(torch.linspace(1, 2, len(draws), dtype=torch.float64))


@breaks("degrading changed in place what it was given")
class InPlace(Blur):
    def degrade(self, images: Tensor, draws: Draws) -> Degraded:
        return Degraded(images.mul_(0.5), None)


@breaks("degrading gave another answer when asked again")
class Stateful(Blur):
    calls: ClassVar[list[int]] = []

    def degrade(self, images: Tensor, draws: Draws) -> Degraded:
        self.calls.append(1)
        return Degraded(images * (1 - 0.01 * len(self.calls)), None)


@breaks("degrading drew from Python's random")
class GlobalRandom(Blur):
    def degrade(self, images: Tensor, draws: Draws) -> Degraded:
        random.random()
        return Degraded(images * 0.5, None)


@breaks("degrading changed torch's number of threads")
class Threads(Blur):
    def degrade(self, images: Tensor, draws: Draws) -> Degraded:
        torch.set_num_threads(torch.get_num_threads() + 1)
        return Degraded(images * 0.5, None)


@breaks("the weights of its PSF sum to 0.9950")
class LosesLight(Blur):
    def psf(self, draws: Draws) -> Psf:
        return DensePsf(torch.full((len(draws), 3, 3), 0.995 / 9, dtype=torch.float64))


@breaks("its images differ from the convolution with the PSF and padding that it states")
class AnotherPsf(Blur):
    def degrade(self, images: Tensor, draws: Draws) -> Degraded:
        used, said = (torch.full((len(images),), sigma, dtype=torch.float64) for sigma in (1.0, 1.1))
        return Degraded(convolve(images, GaussianPsf(used)), GaussianPsf(said))


@breaks("its images differ near the border from the convolution")
class AnotherPadding(Blur):
    padding: Padding = "zeros"

    def degrade(self, images: Tensor, draws: Draws) -> Degraded:
        psf = GaussianPsf(torch.ones(len(images), dtype=torch.float64))
        return Degraded(convolve(images, psf, "reflect"), psf, padding=self.padding)


@breaks("asked for padding 'replicate', it states 'reflect'")
class OnePadding(Blur):
    padding: Padding = "reflect"

    def degrade(self, images: Tensor, draws: Draws) -> Degraded:
        psf = GaussianPsf(torch.ones(len(images), dtype=torch.float64))
        return Degraded(convolve(images, psf), psf)


@breaks("and noise_std says 0.2")
class NoiseOf255(Blur):
    def degrade(self, images: Tensor, draws: Draws) -> Degraded:
        noise = torch.from_numpy(draws.normal("noise", images[0].numel())).to(images).view_as(images)
        psf = DensePsf(torch.ones(len(images), 1, 1, dtype=torch.float64))
        return Degraded(images + 0.02 * noise, psf, noise_std=0.2)


# --- restorers -----------------------------------------------------------------------------------------------------


@breaks("fit() did not lower the loss")
class LearnsNothing(SampleRestorer):
    def fit(self, module: nn.Module, job: RestorerJob) -> Mapping[str, Any]:
        with torch.no_grad():
            for parameter in module.parameters():
                parameter.add_(0.5)
        return {}


@breaks("fit() left every weight as it was")
class FitsACopy(SampleRestorer):
    def fit(self, module: nn.Module, job: RestorerJob) -> Mapping[str, Any]:
        return super().fit(self.build(Shape(1, 32, 32)), job)


@breaks("stored and loaded, the fitted network restores differently")
class HiddenState(SampleRestorer):
    def fit(self, module: nn.Module, job: RestorerJob) -> Mapping[str, Any]:
        notes = super().fit(module, job)
        module.shift = 0.001  # type: ignore[assignment]
        return notes

    def restore(self, images: Tensor, module: nn.Module | None) -> Tensor:
        assert module is not None
        restored: Tensor = module(images) + getattr(module, "shift", 0.0)
        return restored


@breaks("fitting twice with the same seed gives other weights")
class OtherEachTime(SampleRestorer):
    fits: ClassVar[list[int]] = []

    def fit(self, module: nn.Module, job: RestorerJob) -> Mapping[str, Any]:
        self.fits.append(1)
        return super().fit(module, replace(job, seed=len(self.fits)))


@breaks("restore() turned (5, 1, 29, 30) into (5, 1, 28, 30)")
class CutsOddRows(SampleRestorer):
    def restore(self, images: Tensor, module: nn.Module | None) -> Tensor:
        return super().restore(images, module)[..., : images.shape[-2] // 2 * 2, :]


@breaks("the answer for an image depends on the rest of the batch")
class BatchMean(SampleRestorer):
    trainable: ClassVar[bool] = False

    def build(self, shape: Shape) -> nn.Module | None:
        return None

    def restore(self, images: Tensor, module: nn.Module | None) -> Tensor:
        return images - images.mean()


@breaks("build() gives a network, but trainable is False")
class NeverBuilt(SampleRestorer):
    trainable: ClassVar[bool] = False

    def restore(self, images: Tensor, module: nn.Module | None) -> Tensor:
        return images


@dataclass(frozen=True)
class Loading(SampleRestorer):
    """Its weights exist already, and nothing is wrong with it."""

    weights: Path = Path("here.pt")

    trainable: ClassVar[bool] = False

    def build(self, shape: Shape) -> nn.Module | None:
        return None

    def load(self, shape: Shape) -> nn.Module | None:
        with torch.random.fork_rng():
            torch.manual_seed(0)
            return nn.Conv2d(shape.channels, shape.channels, 1)


@breaks("load() drew from torch's global generator")
class DrawsWhileLoading(Loading):
    def load(self, shape: Shape) -> nn.Module:
        network = nn.Conv2d(shape.channels, shape.channels, 1, bias=False)
        nn.init.ones_(network.weight)
        return network


@breaks("load() gives other weights when it is asked again")
class LoadsOthers(Loading):
    loads: ClassVar[list[int]] = []

    def load(self, shape: Shape) -> nn.Module:
        self.loads.append(1)
        with torch.random.fork_rng():
            torch.manual_seed(len(self.loads))
            return nn.Conv2d(shape.channels, shape.channels, 1)


@breaks("deconvolving a GaussianPsf (noiseless) leaves a squared error of")
class BlursAgain(Deconvolver):
    def deconvolve(self, images: Tensor, psf: Psf, noise_std: float) -> Tensor:
        return convolve(images, psf)


# --- classifiers ---------------------------------------------------------------------------------------------------


@breaks("the network gave logits of the shape (6, 11), wanted (6, 10)")
class ElevenClasses(SampleClassifier):
    def build(self, shape: Shape, classes: int) -> nn.Module:
        return super().build(shape, classes + 1)


@breaks("the layer 'norm' (BatchNorm2d) is in no unit")
class ForgetsTheNorm(SampleClassifier):
    def units(self, module: nn.Module) -> Sequence[Sequence[nn.Module]]:
        return [[layer for layer in unit if not isinstance(layer, nn.BatchNorm2d)] for unit in super().units(module)]


@breaks("units 1 and 4 share a layer")
class SharesALayer(SampleClassifier):
    def units(self, module: nn.Module) -> Sequence[Sequence[nn.Module]]:
        units = super().units(module)
        return [*units, units[0]]


@breaks("built twice from the same seed, it has other weights")
class OwnSeed(SampleClassifier):
    built: ClassVar[list[int]] = []

    def build(self, shape: Shape, classes: int) -> nn.Module:
        self.built.append(1)
        torch.manual_seed(len(self.built))
        return super().build(shape, classes)


@breaks("prepare() changed in place what it was given")
class Centres(SampleClassifier):
    def prepare(self, module: nn.Module, images: Tensor) -> None:
        images.sub_(images.mean())


class _Whole(SmallClassifier):
    def forward(self, images: Tensor, keep: Tensor | None = None) -> Tensor:
        return super().forward(images)


@breaks("keep changes nothing")
class IgnoresKeep(SampleClassifier, PatchClassifier):
    patch = 4

    def build(self, shape: Shape, classes: int) -> nn.Module:
        return _Whole(shape.channels, classes)


# --- strategies ----------------------------------------------------------------------------------------------------


@breaks("fit() reads the data set by itself, test images included")
class Peeks(SampleStrategy):
    def fit(self, module: nn.Module | None, job: FitJob) -> Mapping[str, Any]:
        job.setting.dataset.load(())
        return super().fit(module, job)


@breaks("fit() asks for the training blur, but uses_train_blur() is False")
class BlursSecretly(SampleStrategy):
    def fit(self, module: nn.Module | None, job: FitJob) -> Mapping[str, Any]:
        job.blur(job.train, 0)
        return super().fit(module, job)


@breaks("uses_train_blur() is True, but fit() never asks for the blur")
class NeedsNoBlur(SampleStrategy):
    def uses_train_blur(self) -> bool:
        return True


@breaks("fit() asked for the blur of train images that it was not given")
class InventsIds(SampleStrategy):
    def uses_train_blur(self) -> bool:
        return True

    def fit(self, module: nn.Module | None, job: FitJob) -> Mapping[str, Any]:
        job.blur(replace(job.train, ids=job.train.ids + 1_000_000), 0)
        return super().fit(module, job)


class _Adapting(ModulePredictor):
    """Batch norms take their statistics from whatever comes."""

    def predict(self, degraded: Degraded) -> Output:
        self.module.train()
        return super().predict(degraded)


@breaks("predicting: the answer for an image depends on the rest of the batch")
class AdaptsInSecret(SampleStrategy):
    def predictor(self, setting: Setting, own: Fitted, inputs: Mapping[str, Fitted]) -> Predictor:
        assert own.module is not None
        return _Adapting(own.module)


@breaks("it changed the network of 'plain', which other rows use, too")
class SpoilsAnother(SampleStrategy):
    def needs(self, setting: Setting) -> Mapping[str, Need]:
        return {"plain": PredictorNeed(SampleStrategy())}

    def fit(self, module: nn.Module | None, job: FitJob) -> Mapping[str, Any]:
        plain = job.inputs["plain"].module
        assert plain is not None
        next(plain.parameters()).data.mul_(0.9)
        return super().fit(module, job)


class _Infinite(ModulePredictor):
    def predict(self, degraded: Degraded) -> Output:
        return Output(super().predict(degraded).logits / 0)


@breaks("predicting: the predictor gave NaN or infinity")
class DividesByZero(SampleStrategy):
    def predictor(self, setting: Setting, own: Fitted, inputs: Mapping[str, Fitted]) -> Predictor:
        assert own.module is not None
        return _Infinite(own.module)


class _Shifted(ModulePredictor):
    def predict(self, degraded: Degraded) -> Output:
        return Output(super().predict(degraded).logits + getattr(self.module, "shift", 0.0))


@breaks("stored and loaded, it predicts differently")
class KeepsASecret(SampleStrategy):
    def fit(self, module: nn.Module | None, job: FitJob) -> Mapping[str, Any]:
        module.shift = 1.0  # type: ignore[union-attr,assignment]
        return super().fit(module, job)

    def predictor(self, setting: Setting, own: Fitted, inputs: Mapping[str, Fitted]) -> Predictor:
        assert own.module is not None
        return _Shifted(own.module)


# --- estimators and data sets --------------------------------------------------------------------------------------


@breaks("estimate() gave 0")
class BeyondItsLimits(SampleEstimator):
    @property
    def limits(self) -> tuple[float, float]:
        return (9.0, 10.0)

    def estimate(self, images: Tensor, module: nn.Module | None = None) -> Tensor:
        return super().estimate(images) * 0


@breaks("sigma_map() and estimate() of the same window differ by")
class OtherMap(SampleEstimator):
    def sigma_map(self, images: Tensor, module: nn.Module | None = None, stride: int = 1) -> Tensor:
        return super().sigma_map(images.flip(-1), module, stride)


@breaks("answers do not rise")
class Falling(SampleEstimator):
    @property
    def answers(self) -> tuple[float, ...]:
        return (2.0, 1.0)


@breaks("measuring: measure() gave 2, beyond its limits 0 to 1")
class BeyondItsNumbers(SampleMetric):
    limits: ClassVar[tuple[float, float]] = (0.0, 1.0)

    def measure(self, answered: Answered) -> Tensor:
        return answered.logits[:, 0] * 0 + 2


@breaks("measuring: the answer for an image depends on the rest of the batch")
class Ranking(SampleMetric):
    def measure(self, answered: Answered) -> Tensor:
        return answered.logits[:, 0].argsort().argsort().float()


@breaks("measuring changed in place what it was given")
class Clipping(SampleMetric):
    def measure(self, answered: Answered) -> Tensor:
        return answered.blurred.mul_(0.5).flatten(1).mean(1)


@breaks("it gave NaN for every image, restored or not")
class SaysNothing(SampleMetric):
    def measure(self, answered: Answered) -> Tensor:
        return answered.logits[:, 0] * torch.nan


@breaks("measure() gave numbers of the shape (), wanted (6,)")
class MeanOfAll(SampleMetric):
    def measure(self, answered: Answered) -> Tensor:
        return answered.logits.mean()


class _Digits(SampleDigits):
    def load(self, folders: Sequence[Path]) -> Splits:
        return self.changed(super().load(folders))

    def changed(self, whole: Splits) -> Splits:
        return whole


@breaks("300 of the 300 validation images are training images, too")
class OverlappingParts(_Digits):
    def changed(self, whole: Splits) -> Splits:
        return replace(whole, validation=Split(whole.train.images[:300], whole.train.labels[:300]))


@breaks("test images must be uint8 and labels int64")
class FloatImages(_Digits):
    def changed(self, whole: Splits) -> Splits:
        images: Any = whole.test.images.astype(np.float32)
        return replace(whole, test=Split(images, whole.test.labels))


@breaks("load() gave other images or labels when asked again")
class NewOrder(_Digits):
    loads: ClassVar[list[int]] = []

    def changed(self, whole: Splits) -> Splits:
        self.loads.append(1)
        order = np.random.default_rng(len(self.loads)).permutation(len(whole.train))
        return replace(whole, train=Split(whole.train.images[order], whole.train.labels[order]))


@breaks("lineage is empty")
class NoLineage(SampleDigits):
    lineage: ClassVar[frozenset[str]] = frozenset()


@pytest.mark.parametrize(("cls", "finding"), FAULTS)
def test_the_broken_promise_is_the_one_that_is_found(cls: type[Plugin], finding: str) -> None:
    report = report_on(cls)
    assert any(finding in line for line in report.findings), report
    assert all("\n" not in line and "; " in line for line in report.findings)


@pytest.mark.parametrize("cls", SAMPLES.values())
def test_the_plugins_that_these_derive_from_keep_all_their_promises(cls: type[Plugin]) -> None:
    assert check_plugin(cls).unchecked == []


def test_a_restorer_with_weights_of_its_own_keeps_all_its_promises() -> None:
    assert check_plugin(Loading).unchecked == []


def test_what_belongs_to_the_process_is_as_it_was_before_a_check() -> None:
    threads, state = torch.get_num_threads(), random.getstate()
    report_on(Threads)
    report_on(GlobalRandom)
    assert torch.get_num_threads() == threads
    assert random.getstate() == state


def test_all_findings_are_in_the_error() -> None:
    with pytest.raises(AssertionError, match=r"(?s)blur 'loses-light' breaks \d of its promises:.*sum to 0.9950"):
        check_plugin(LosesLight)
