"""A data set's parts as tensors on the device, cut down to the budget, and the blurs put on them.

Parts that take more memory than they may are gathered from disk, and blurred, batch by batch.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias, overload

import numpy as np
import torch
from numpy.typing import NDArray

from blurbench.contract import Blur, Degraded, ImageSet, Psf, Split
from blurbench.errors import PluginError, UsageError
from blurbench.imaging.draws import Draws
from blurbench.imaging.gathered import Gathered
from blurbench.imaging.received import check_degraded
from blurbench.store.subset import stratified_subset

__all__ = ["DegradedChunks", "TrainingBlur", "degraded_in_chunks", "free_memory", "image_set", "versions"]

Phase: TypeAlias = Callable[[], AbstractContextManager[None]]
"""Books the time spent inside it."""

CHUNK = 256
"""Test images are degraded and predicted this many at a time, in id order, whatever the machine."""


def image_set(
    split: Split, limit: int | None, device: torch.device, name: str = "", room: int | None = None
) -> ImageSet:
    """A stratified subset of `limit` images of the split of that name as float32 in [0, 1]; ids are positions in the
    whole split. Images that take more than `room` bytes are gathered from disk batch by batch."""
    chosen = stratified_subset(split.labels, limit)
    values = math.prod(split.images.shape[1:])
    if room is None or 4 * len(chosen) * values <= room:
        _check_memory(len(chosen), values * (2 if split.recorded is not None else 1), device)
        room = None
    images, recorded = (
        None if whole is None else _numbers(whole, chosen, device, room) for whole in (split.images, split.recorded)
    )
    assert images is not None
    labels = torch.from_numpy(split.labels[chosen]).to(device)
    return ImageSet(images, labels, torch.from_numpy(chosen).to(device), recorded, name)


def _numbers(
    whole: NDArray[np.uint8], chosen: NDArray[np.int64], device: torch.device, room: int | None
) -> torch.Tensor:
    def numbers(which: NDArray[np.int64]) -> torch.Tensor:
        return torch.from_numpy(np.array(whole[which])).to(device).float().div_(255)

    if room is None:
        return numbers(chosen)
    shape = (len(chosen), *whole.shape[1:])
    return Gathered(shape, lambda rows: numbers(chosen[rows.numpy()]), room, torch.float32, device)


def _check_memory(count: int, values: int, device: torch.device) -> None:
    """Raises UsageError where the images would not fit into memory as numbers, once clean and once blurred."""
    needed, free = 2 * 4 * count * values, free_memory(device)
    if free is not None and needed > free:
        raise UsageError(
            f"{count:,} images take {needed / 2**30:.1f} GiB of memory, clean and blurred, and {free / 2**30:.1f} GiB "
            f"are free: about {int(0.9 * free / (8 * values)):,} images would fit; say so with --limit, or with "
            "train_images, validation_images and test_images in the suite's budget; with --memory SIZE they are read "
            "from disk batch by batch"
        )


def free_memory(device: torch.device) -> int | None:
    """Bytes that are free on a device; None where nobody tells."""
    if torch.device(device).type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return None  # not Linux
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable"))


class TrainingBlur:
    """`blur(image_set, epoch)`: the training blur, drawn afresh for each epoch from the replicate's seed.

    A blur that draws nothing gives the identical object each time: what does not change is not done twice. Images that
    memory does not hold are blurred batch by batch, each time that one is asked for.
    """

    def __init__(self, blur: Blur, seed: int, train: ImageSet, validation: ImageSet, phase: Phase) -> None:
        self.blur, self.seed, self.phase = blur, seed, phase
        self.train, self.validation = train, validation
        self.fixed: dict[int, Degraded] = {}

    def __call__(self, images: ImageSet, epoch: int) -> Degraded:
        if id(images) in self.fixed:
            return self.fixed[id(images)]
        if isinstance(images.images, Gathered):
            return _BatchByBatch(images.images.of(lambda rows: self(images.part(rows), epoch).images))
        scope = "validation" if images.split == "validation" else "train"
        with self.phase():
            draws = Draws(images.ids, self.seed, (scope, epoch), images.images.device)
            degraded = checked(self.blur, images, draws)
        if not draws.drawn and (images is self.train or images is self.validation):
            self.fixed[id(images)] = degraded
        return degraded


class _BatchByBatch(Degraded):
    """Blurred images that are made batch by batch: so is what is known of the blur."""

    def __init__(self, images: torch.Tensor) -> None:
        object.__setattr__(self, "images", images)

    @property
    def psf(self) -> Psf | None:  # type: ignore[override]
        raise PluginError(UNKNOWN)

    @property
    def noise_std(self) -> float:  # type: ignore[override]
        raise PluginError(UNKNOWN)


UNKNOWN = (
    "of images that memory does not hold the PSFs and the noise are known batch by batch alone: blur a part of them, "
    "as job.blur(job.train.part(rows), epoch) does, or use blurbench.training.batchwise"
)


class DegradedChunks(Sequence[Degraded]):
    """The test images degraded by `blur`, in chunks of `CHUNK`: each made when it is asked for; the last is kept."""

    def __init__(self, blur: Blur, images: ImageSet, seed: int) -> None:
        self.blur, self.images, self.seed = blur, images, seed
        self.last: tuple[int, Degraded] | None = None

    def __len__(self) -> int:
        return math.ceil(len(self.images) / CHUNK)

    @overload
    def __getitem__(self, which: int) -> Degraded: ...

    @overload
    def __getitem__(self, which: slice) -> list[Degraded]: ...

    def __getitem__(self, which: int | slice) -> Degraded | list[Degraded]:
        numbers = range(len(self))[which]
        return self._chunk(numbers) if isinstance(numbers, int) else [self._chunk(number) for number in numbers]

    def _chunk(self, number: int) -> Degraded:
        if self.last is None or self.last[0] != number:
            self.last = None  # two at once would take twice the memory
            part = self.images.part(slice(number * CHUNK, (number + 1) * CHUNK))
            draws = Draws(part.ids, self.seed, ("test",), part.images.device)
            self.last = number, checked(self.blur, part, draws)
        return self.last[1]


def degraded_in_chunks(blur: Blur, images: ImageSet, seed: int) -> list[Degraded]:
    """The test images degraded by `blur`, in chunks of `CHUNK`, all of them now."""
    return list(DegradedChunks(blur, images, seed))


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
