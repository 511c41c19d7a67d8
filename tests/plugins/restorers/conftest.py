"""Photographs, and a blur for them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from blurbench_blurs.gaussian import Gaussian
from blurbench_datasets.photo_crops import PhotoCrops

from blurbench.imaging.draws import Draws
from blurbench.protocols import RestorerJob
from blurbench.types import Budget, Degraded, ImageSet


@pytest.fixture(scope="session")
def photographs() -> ImageSet:
    """Sixteen photo-crops, 3x32x32."""
    part = PhotoCrops().load([]).train
    images = torch.from_numpy(part.images[:16]).float() / 255
    return ImageSet(images, torch.from_numpy(part.labels[:16]), torch.arange(16))


def blur(images: ImageSet, epoch: int) -> Degraded:
    return Gaussian(1.5).degrade(images.images, Draws(images.ids, 0, ("train", epoch)))


@pytest.fixture
def job(photographs: ImageSet) -> Callable[[int], RestorerJob]:
    """The job of fitting a restorer to the photographs in some epochs; they validate it, too."""
    return lambda epochs: RestorerJob(photographs, photographs, blur, Budget("quick", restorer_epochs=epochs), seed=0)
