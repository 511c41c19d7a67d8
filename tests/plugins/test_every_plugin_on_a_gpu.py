"""Every plugin on images that lie on a GPU: nothing of it stays on the CPU, and it says there what it says here.

The GPU is `tests.pretended`, so a tensor left behind fails on any machine.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pytest
import torch
from blurbench_blurs.gaussian import Gaussian
from blurbench_datasets.digits import Digits

from blurbench.contract import (
    Budget,
    Degraded,
    Estimator,
    FitJob,
    Fitted,
    GaussianPsf,
    ImageSet,
    ModulePredictor,
    PredictorNeed,
    Restorer,
    Setting,
    Shape,
    Strategy,
)
from blurbench.imaging import precision
from blurbench.imaging.draws import Draws
from blurbench.imaging.precision import finest
from blurbench.registry import Registry
from blurbench.training import seed_torch
from tests.pretended import PretendedGpu, entered, moved

NOT_TRIED = {"as-it-is", "checkpoint", "masked-patches", "tent"}
"""What needs a file of weights, images of 224 pixels, or steps of an optimiser, which a pretended GPU cannot take."""

BLURS = (
    "as-photographed",
    "box[side=3]",
    "none",
    "gaussian[sigma=1]",
    "gaussian[sigma={low=1, high=2}, size=9]",
    "defocus[radius={choice=[1, 2]}]",
    "diagonal-motion",
    "linear-motion[length=5]",
    "random-walk-motion[length=5]",
    "random-walk-motion[length=5, exposure=path, steps=grid]",
    "varying-gaussian",
    "varying-gaussian[pattern=sine, axis=y]",
    "random-boxes[blur=gaussian[sigma=1]]",
    "gaussian-noise[std=4]",
    "round-8bit",
    "recorded",
    "camera-shake[length=5]",
    "downscale[factor=2]",
    "imagenet-c[kind=defocus, severity=1]",
    "imagenet-c[kind=motion, severity=1]",
    "jpeg[quality=60]",
    "lens[defocus=0.5]",
    "zoom[largest=1.2]",
    "linear-light[blur=gaussian[sigma=1]]",
    "one-of[blurs=[gaussian[sigma=1], box[side=3]]]",
    "chain[steps=[gaussian[sigma=1], defocus[radius=2], gaussian-noise[std=2]]]",
)
RESTORERS = (
    "caessc[depth=8, filters=8]",
    "ed-densenet[growth=4]",
    "estimate-then-deconvolve[estimator=constant]",
    "identity",
    "nafnet[width=8]",
    "total-variation[iterations=5]",
    "red30[filters=8]",
    "resunet[channels=4]",
    "reverse-unet[channels=4]",
    "richardson-lucy[iterations=3]",
    "srn[width=0.125]",
    "srn[width=0.125, lstm=true]",
    "unet[widths=[8, 8, 8]]",
    "unsharp-mask",
    "wiener",
)
CLASSIFIERS = (
    "cifar10-quick",
    "resnet-cifar[depth=8]",
    "cnn2",
    "cnn3[widths=[8, 8, 8]]",
    "lenet-mcn",
    "timm[model=resnet10t]",
    "torchvision[model=squeezenet1_1]",
    "unet-classifier",
    "vit[width=12, depth=1, heads=2]",
)
ESTIMATORS = ("cnn-sigma", "cnn-sigma[reading=mean]", "constant", "laplacian-variance", "spectral")
STRATEGIES = (
    "bn-adapt",
    "blur-augment",
    "deblur-joint[restorer=unet[widths=[8, 8, 8]]]",
    "deblur-then-classify[restorer=wiener]",
    "deblur-then-classify[restorer=unet[widths=[8, 8, 8]]]",
    "distil",
    "first-n[n=1]",
    "longer",
    "patch-mask",
    "patch-mask[threshold=validation]",
    "patch-mask[how=drop, scope=patch]",
    "plain",
    "retrain",
    "router[estimator=laplacian-variance, blurs=[gaussian[sigma=1], gaussian[sigma=2]]]",
    "standardise",
)
ONE = Shape(1, 32, 32)


@pytest.fixture(params=[True, False], ids=["float64", "no float64"])
def gpu(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> PretendedGpu:
    monkeypatch.setattr(precision, "_WITHOUT_DOUBLES", frozenset() if request.param else frozenset({"cuda"}))
    return PretendedGpu(request.param)


def images(channels: int = 1) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(0).random((3, channels, 32, 32), dtype=np.float32))


def tensors(value: Any) -> Iterator[torch.Tensor]:
    parts = vars(value).values() if not isinstance(value, Mapping | torch.Tensor) else ()
    for part in (value, *parts, *(value.values() if isinstance(value, Mapping) else ())):
        if isinstance(part, torch.Tensor):
            yield part


def agree(there: torch.Tensor, here: torch.Tensor, gpu: PretendedGpu) -> None:
    assert there.device == gpu.device
    # A deconvolver amplifies the rounding of its PSFs.
    torch.testing.assert_close(there.cpu(), here, rtol=0, atol=2e-5 if gpu.doubles else 1e-3)


def built(plugin: Any, *shape: Any) -> torch.nn.Module | None:
    seed_torch(0, "weights")
    module = plugin.build(*shape)
    return None if module is None else module.eval().requires_grad_(False)


@pytest.mark.parametrize(
    ("kind", "tried"),
    [
        ("blurs", BLURS),
        ("restorers", RESTORERS),
        ("classifiers", CLASSIFIERS),
        ("estimators", ESTIMATORS),
        ("strategies", STRATEGIES),
    ],
)
def test_every_plugin_of_the_package_is_tried(kind: str, tried: tuple[str, ...], registry: Registry) -> None:
    ours = {name for name, entry in registry.entries[kind].items() if entry.package == "blurbench"}
    assert ours - NOT_TRIED == {name.split("[")[0] for name in tried}


@pytest.mark.parametrize("name", BLURS)
def test_blurs(name: str, registry: Registry, gpu: PretendedGpu) -> None:
    blur, clean = registry.resolve("blurs", name), images()
    ids, labels, recorded = torch.arange(3), torch.zeros(3, dtype=torch.int64), clean.flip(-1)
    here = blur.degrade_set(ImageSet(clean, labels, ids, recorded, "test"), Draws(ids, 0, ("test",)))
    with entered(gpu):
        there = ImageSet(*(moved(part, gpu) for part in (clean, labels, ids, recorded)), "test")
        degraded = blur.degrade_set(there, Draws(there.ids, 0, ("test",), gpu.device))
        agree(degraded.images, here.images, gpu)
        assert all(part.device == gpu.device for part in tensors(degraded.psf or {}))


@pytest.mark.parametrize("name", RESTORERS)
def test_restorers(name: str, registry: Registry, gpu: PretendedGpu) -> None:
    restorer = registry.resolve("restorers", name)
    module = built(restorer, ONE) if isinstance(restorer, Restorer) else None

    def restored(x: torch.Tensor) -> torch.Tensor:
        if isinstance(restorer, Restorer):
            return restorer.restore(x, module)
        sigma = torch.full((len(x),), 1.2, dtype=finest(x.device), device=x.device)
        return restorer.deconvolve(x, GaussianPsf(sigma), 0.01)

    with torch.inference_mode():
        here = restored(images())
    with entered(gpu):
        module = module and moved(module, gpu)
        agree(restored(moved(images(), gpu)), here, gpu)


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_classifiers(name: str, registry: Registry, gpu: PretendedGpu) -> None:
    classifier = registry.resolve("classifiers", name)
    shape = Shape(3, 32, 32)
    module = built(classifier, shape, 10)
    assert module is not None
    classifier.prepare(module, images(3))
    here = module(images(3))
    with entered(gpu):
        classifier.prepare(moved(module, gpu), moved(images(3), gpu))
        agree(module(moved(images(3), gpu)), here, gpu)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_estimators(name: str, registry: Registry, gpu: PretendedGpu) -> None:
    estimator: Estimator = registry.resolve("estimators", name)
    module = built(estimator)
    large = torch.cat([images(), images()], -1)[:1]
    here, over_here = estimator.estimate(images(), module), estimator.sigma_map(large, module, 8)
    with entered(gpu):
        module = module and moved(module, gpu)
        agree(estimator.estimate(moved(images(), gpu), module), here, gpu)
        agree(estimator.sigma_map(moved(large, gpu), module, 8), over_here, gpu)


def inputs(setting: Setting) -> dict[str, Fitted]:
    needs = setting.strategy.needs(setting)
    return {
        name: answering(built(setting.classifier, setting.shape, 10))
        if isinstance(need, PredictorNeed)
        else Fitted(built(need.restorer, setting.shape))
        for name, need in needs.items()
    }


def answering(module: Any) -> Fitted:
    """A network, and what it answers."""
    return Fitted(module, {}, ModulePredictor(module))


@pytest.mark.parametrize("name", STRATEGIES)
def test_predictors_of_strategies(name: str, registry: Registry, gpu: PretendedGpu) -> None:
    strategy: Strategy = registry.resolve("strategies", name)
    # Patches can be masked in one of them, batch norms adapted in the other.
    adapts = name in ("bn-adapt", "tent")
    classifier = registry.resolve("classifiers", "cnn3[widths=[8, 8, 8]]" if adapts else CLASSIFIERS[-1])
    setting = Setting(Digits(), Gaussian(2.0), classifier, strategy, ONE, 10, Budget("tiny"), 0)
    own, needed = built(strategy, setting), inputs(setting)

    def logits(x: torch.Tensor) -> torch.Tensor:
        notes = {}
        if own is None:  # what is fitted without a network
            some = ImageSet(x, torch.zeros(len(x), dtype=torch.int64, device=x.device), torch.arange(len(x)))
            notes = strategy.fit(None, FitJob(setting, some, some, lambda part, _: Degraded(part.images, None), needed))
        predictor = strategy.predictor(setting, Fitted(own, notes), needed)
        sigma = torch.full((len(x),), 1.2, dtype=finest(x.device), device=x.device)
        predictor.start()
        output = predictor.predict(Degraded(x, GaussianPsf(sigma), 0.01))
        assert all(part.device == x.device for part in (*tensors(output.observations), *tensors(output)))
        return output.logits

    here = logits(images())
    with entered(gpu):
        for module in (own, *(fitted.module for fitted in needed.values())):
            if module is not None:
                moved(module, gpu)
        agree(logits(moved(images(), gpu)), here, gpu)


def test_a_tensor_left_on_the_cpu_is_found(gpu: PretendedGpu) -> None:
    with entered(gpu):
        there = moved(images(), gpu)
        with pytest.raises(RuntimeError, match="on the CPU"):
            there * torch.ones(32)
        assert (there * 2 + torch.tensor(1.0)).device == gpu.device
        assert float(there.sum().cpu()) == pytest.approx(float(images().sum()))
