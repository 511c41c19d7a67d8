"""Digits, and a small network fitted to them."""

import hashlib

import pytest
import torch
from blurbench_datasets.digits import Digits
from torch import nn

from blurbench.contract import Budget, ImageSet, Recipe, RestorerJob
from blurbench.training import fit_classifier, seed_torch


@pytest.fixture(scope="module")
def digits() -> ImageSet:
    part = Digits().load([]).train
    images = torch.from_numpy(part.images[:101]).float() / 255
    return ImageSet(images, torch.from_numpy(part.labels[:101]), torch.arange(101))


def network(seed: int) -> nn.Module:
    seed_torch(seed, "weights")
    return nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Dropout(0.2), nn.Flatten(), nn.Linear(4 * 14 * 14, 10)
    )


def fitted(seed: int, **changes) -> tuple[nn.Module, dict]:
    part = Digits().load([]).train
    images, labels = torch.from_numpy(part.images[:101]).float() / 255, torch.from_numpy(part.labels[:101])
    module = network(seed)
    recipe = Recipe(**{"epochs": 2, "batch_size": 16, **changes})
    return module, fit_classifier(module, lambda epoch: images, labels, recipe, seed)


def fingerprint(module: nn.Module) -> str:
    digest = hashlib.sha256()
    for value in module.state_dict().values():
        digest.update(value.numpy().tobytes())
    return digest.hexdigest()


def mse_job(images: ImageSet, blur) -> RestorerJob:
    return RestorerJob(images, images, blur, Budget("quick"), seed=0)
