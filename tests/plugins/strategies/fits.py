"""Strategies fitted to a few digits as a run fits them: needs first, weights from one seed, what is fitted frozen."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import replace
from functools import cache

import torch
from blurbench_blurs.gaussian import Gaussian
from blurbench_classifiers.cnn3 import Cnn3
from blurbench_classifiers.vit import Vit
from blurbench_datasets.digits import Digits
from blurbench_restorers.unet import Unet
from torch import nn

from blurbench.contract import (
    Blur,
    Budget,
    Classifier,
    Degraded,
    FitJob,
    Fitted,
    ImageSet,
    Need,
    Output,
    PredictorNeed,
    Restorer,
    RestorerJob,
    RestorerNeed,
    Setting,
    Shape,
    Strategy,
)
from blurbench.imaging.draws import Draws
from blurbench.running.images import TrainingBlur, image_set

BLUR = Gaussian(2.0)
SHAPE = Shape(1, 16, 16)
BUDGET = Budget("quick", epochs=8, finetune_epochs=2, restorer_epochs=2)
SMALL = Cnn3((8, 8, 8))
PATCHY = Vit(width=12, depth=1, heads=2)
UNET = Unet(kernel=3, widths=(4, 8, 8))


@cache
def parts() -> tuple[ImageSet, ImageSet, ImageSet]:
    """Training, validation and test images."""
    splits = Digits().load([])
    sizes = {"train": 400, "validation": 60, "test": 100}
    cpu = torch.device("cpu")
    train, validation, test = (image_set(getattr(splits, name), size, cpu, name) for name, size in sizes.items())
    return train, validation, test


def setting(strategy: Strategy, classifier: Classifier = SMALL, blur: Blur = BLUR) -> Setting:
    return Setting(Digits(), blur, classifier, strategy, SHAPE, 10, BUDGET, seed=0)


def job(where: Setting, inputs: Mapping[str, Fitted] | None = None) -> FitJob:
    train, validation, _ = parts()
    return FitJob(where, train, validation, blurring(where.train_blur), inputs_of(where) if inputs is None else inputs)


def blurring(blur: Blur) -> TrainingBlur:
    train, validation, _ = parts()
    return TrainingBlur(blur, 0, train, validation, nullcontext)


@cache
def inputs_of(where: Setting) -> dict[str, Fitted]:
    return {name: met(where, need) for name, need in where.strategy.needs(where).items()}


def met(where: Setting, need: Need) -> Fitted:
    """What a need asks for."""
    if not isinstance(need, PredictorNeed):
        assert isinstance(need, RestorerNeed)
        assert isinstance(need.restorer, Restorer)
        return fitted_restorer(need.restorer, need.train_blur)
    return fitted(
        replace(
            where,
            strategy=need.strategy,
            classifier=need.classifier or where.classifier,
            train_blur=need.train_blur or where.train_blur,
        )
    )


@cache
def fitted_restorer(restorer: Restorer, blur: Blur) -> Fitted:
    train, validation, _ = parts()
    torch.manual_seed(0)
    module = restorer.build(SHAPE)
    assert module is not None
    notes = restorer.fit(module, RestorerJob(train, validation, blurring(blur), BUDGET, 0))
    return Fitted(module.eval().requires_grad_(False), notes)


@cache
def fitted(where: Setting) -> Fitted:
    """What a strategy fits, and what it answers."""
    torch.manual_seed(0)
    module = where.strategy.build(where)
    notes = where.strategy.fit(module, job(where))
    own = Fitted(None if module is None else module.eval().requires_grad_(False), notes)
    return replace(own, predictor=where.strategy.predictor(where, own, inputs_of(where)))


def degraded(blur: Blur) -> Degraded:
    """The test images."""
    test = parts()[2]
    return blur.degrade(test.images, Draws(test.ids, 0, ("test",)))


def logits(where: Setting, images: Degraded) -> torch.Tensor:
    predictor = fitted(where).predictor
    assert predictor is not None
    predictor.start()
    return predictor.predict(images).logits


def accuracy(where: Setting, blur: Blur) -> float:
    """On the test images."""
    return (logits(where, degraded(blur)).argmax(1) == parts()[2].labels).float().mean().item()


def output(where: Setting, blur: Blur) -> Output:
    """Of the test images, by a predictor of its own."""
    return where.strategy.predictor(where, fitted(where), inputs_of(where)).predict(degraded(blur))


def state(module: nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in module.state_dict().items()}


def changed(before: Mapping[str, torch.Tensor], module: nn.Module) -> set[str]:
    """The names of what differs."""
    return {name for name, value in module.state_dict().items() if not torch.equal(value, before[name])}
