"""A data set's parts as tensors on the device, cut down to the budget, and the blurs put on them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray

from blurbench.errors import NotFinite, PluginError
from blurbench.imaging.draws import Draws
from blurbench.protocols import Blur
from blurbench.types import Degraded, ImageSet, Split

__all__ = ["TrainingBlur", "degraded_in_chunks", "image_set", "share"]

Phase: TypeAlias = Callable[[], AbstractContextManager[None]]
"""Books the time spent inside it."""

CHUNK = 256
"""Test images are degraded and predicted this many at a time, in id order, whatever the machine."""


def image_set(split: Split, limit: int | None, device: torch.device) -> ImageSet:
    """The first `limit` images of a split's fixed order as float32 in [0, 1]; ids are positions in the whole split."""
    chosen = share(split.labels, limit)
    images = torch.from_numpy(np.array(split.images[chosen])).to(device).float().div_(255)
    return ImageSet(images, torch.from_numpy(split.labels[chosen]).to(device), torch.from_numpy(chosen).to(device))


def share(labels: NDArray[np.int64], limit: int | None) -> NDArray[np.int64]:
    """Positions of a share of `limit` images with all classes in proportion, sorted; smaller shares lie in larger."""
    if limit is None or limit >= len(labels):
        return np.arange(len(labels))
    random = np.random.Generator(np.random.PCG64(0))
    order = random.permutation(len(labels))
    place = np.empty(len(labels))
    for label in np.unique(labels):
        members = order[labels[order] == label]
        place[members] = (np.arange(len(members)) + random.random()) / len(members)
    return np.sort(np.argsort(place, kind="stable")[:limit])


class TrainingBlur:
    """`blur(image_set, epoch)`: the training blur, drawn afresh for each epoch from the replicate's seed.

    A blur that draws nothing gives the identical object each time: what does not change is not done twice.
    """

    def __init__(self, blur: Blur, seed: int, train: ImageSet, validation: ImageSet, phase: Phase) -> None:
        self.blur, self.seed, self.phase = blur, seed, phase
        self.train, self.validation = train, validation
        self.fixed: dict[int, Degraded] = {}

    def __call__(self, images: ImageSet, epoch: int) -> Degraded:
        if id(images) in self.fixed:
            return self.fixed[id(images)]
        part = "validation" if images is self.validation else "train"
        with self.phase():
            draws = Draws(images.ids, self.seed, (part, epoch), images.images.device)
            degraded = checked(self.blur, images.images, draws)
        if not draws.drawn and (images is self.train or images is self.validation):
            self.fixed[id(images)] = degraded
        return degraded


def degraded_in_chunks(blur: Blur, images: ImageSet, seed: int) -> list[Degraded]:
    """The test images degraded by `blur`, in chunks of `CHUNK`."""
    parts = [slice(start, start + CHUNK) for start in range(0, len(images), CHUNK)]
    device = images.images.device
    return [checked(blur, images.images[part], Draws(images.ids[part], seed, ("test",), device)) for part in parts]


def checked(blur: Blur, images: torch.Tensor, draws: Draws) -> Degraded:
    """What a blur gives, refused if it is not images of the same shape and finite."""
    degraded = blur.degrade(images, draws)
    name = type(blur).__name__
    if degraded.images.shape != images.shape:
        raise PluginError(f"blur {name} turned {tuple(images.shape)} into {tuple(degraded.images.shape)}")
    if not torch.isfinite(degraded.images).all():
        raise NotFinite(f"blur {name} gave NaN or infinity")
    return replace(degraded, images=degraded.images.to(images.dtype))
