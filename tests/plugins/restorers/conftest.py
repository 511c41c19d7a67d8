"""Photographs, digits, and the job of restoring them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from blurbench_blurs.gaussian import Gaussian
from blurbench_datasets.digits import Digits
from blurbench_datasets.photo_crops import PhotoCrops

from blurbench.contract import Budget, Dataset, Degraded, ImageSet, RestorerJob
from blurbench.imaging.draws import Draws


def _sixteen(dataset: Dataset) -> ImageSet:
    part = dataset.load([]).train
    images = torch.from_numpy(part.images[:16]).float() / 255
    return ImageSet(images, torch.from_numpy(part.labels[:16]), torch.arange(16))


@pytest.fixture(scope="session")
def photographs() -> ImageSet:
    """Sixteen photo-crops, 3x32x32."""
    return _sixteen(PhotoCrops())


@pytest.fixture(scope="session")
def digits() -> ImageSet:
    """The middles of sixteen digits, 1x12x12."""
    whole = _sixteen(Digits())
    return replace(whole, images=whole.images[..., 2:14, 2:14])


def _blur(images: ImageSet, epoch: int) -> Degraded:
    return Gaussian(1.5).degrade(images.images, Draws(images.ids, 0, ("train", epoch)))


@pytest.fixture
def job() -> Callable[[int, ImageSet], RestorerJob]:
    """The job of fitting a restorer to some images in some epochs; they validate it, too."""
    return lambda epochs, images: RestorerJob(images, images, _blur, Budget("quick", restorer_epochs=epochs), seed=0)
