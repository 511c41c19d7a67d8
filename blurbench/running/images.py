"""A data set's parts as tensors on the device, cut down to the budget, and the blurs put on them."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import numpy as np
import torch

from blurbench.contract import Blur, Degraded, ImageSet, Split
from blurbench.errors import PluginError, UsageError
from blurbench.imaging.draws import Draws
from blurbench.imaging.received import check_degraded
from blurbench.store.subset import stratified_subset

__all__ = ["TrainingBlur", "degraded_in_chunks", "image_set", "versions"]

Phase: TypeAlias = Callable[[], AbstractContextManager[None]]
"""Books the time spent inside it."""

CHUNK = 256
"""Test images are degraded and predicted this many at a time, in id order, whatever the machine."""


def image_set(split: Split, limit: int | None, device: torch.device, name: str = "") -> ImageSet:
    """A stratified subset of `limit` images of the split of that name as float32 in [0, 1]; ids are positions in the
    whole split."""
    chosen = stratified_subset(split.labels, limit)
    _check_memory(len(chosen), math.prod(split.images.shape[1:]) * (2 if split.recorded is not None else 1), device)
    images, recorded = (
        None if whole is None else torch.from_numpy(np.array(whole[chosen])).to(device).float().div_(255)
        for whole in (split.images, split.recorded)
    )
    assert images is not None
    labels = torch.from_numpy(split.labels[chosen]).to(device)
    return ImageSet(images, labels, torch.from_numpy(chosen).to(device), recorded, name)


def _check_memory(count: int, values: int, device: torch.device) -> None:
    """Raises UsageError where the images would not fit into memory as numbers, once clean and once blurred."""
    needed, free = 2 * 4 * count * values, _free_memory(device)
    if free is not None and needed > free:
        raise UsageError(
            f"{count:,} images take {needed / 2**30:.1f} GiB of memory, clean and blurred, and {free / 2**30:.1f} GiB "
            f"are free: about {int(0.9 * free / (8 * values)):,} images would fit; say so with --limit, or with "
            "train_images, validation_images and test_images in the suite's budget"
        )


def _free_memory(device: torch.device) -> int | None:
    if torch.device(device).type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return None  # not Linux: nobody tells
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable"))


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
        scope = "validation" if images.split == "validation" else "train"
        with self.phase():
            draws = Draws(images.ids, self.seed, (scope, epoch), images.images.device)
            degraded = checked(self.blur, images, draws)
        if not draws.drawn and (images is self.train or images is self.validation):
            self.fixed[id(images)] = degraded
        return degraded


def degraded_in_chunks(blur: Blur, images: ImageSet, seed: int) -> list[Degraded]:
    """The test images degraded by `blur`, in chunks of `CHUNK`."""
    parts = [images.part(slice(start, start + CHUNK)) for start in range(0, len(images), CHUNK)]
    return [checked(blur, part, Draws(part.ids, seed, ("test",), part.images.device)) for part in parts]


def checked(blur: Blur, images: ImageSet, draws: Draws) -> Degraded:
    """What a blur gives, refused where it is not what the contract says, or where `images` were changed for it."""
    who = f"blur {type(blur).__name__}"
    before, first = versions(images), images.images[:1].clone()
    degraded = blur.degrade_set(images, draws)
    unseen = before == versions(images) and not torch.equal(first, images.images[:1])
    if unseen:  # through numpy, say: whoever keeps these images shall see it, too
        torch.autograd.graph.increment_version(images.images)
    if before != versions(images):
        raise PluginError(f"{who} changed its images in place; work on a clone")
    check_degraded(who, degraded, images.images)
    return replace(degraded, images=degraded.images.to(images.images.dtype))


def versions(images: ImageSet) -> tuple[int, ...]:
    """What rises where somebody changes a tensor of `images`, or of a part of them, in place."""
    tensors = (images.images, images.labels, images.ids, images.recorded)
    return tuple(0 if one is None or one.is_inference() else one._version for one in tensors)
