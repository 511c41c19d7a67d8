"""Training images of classifiers varied afresh in each epoch."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from blurbench.contract import Recipe
from blurbench.imaging.gathered import Gathered, scratch
from blurbench.training.forward import CHUNK
from blurbench.training.seeding import derived_seed

__all__ = ["augmented"]

_SHARE = 8  # images move by up to this part of a side: 4 of CIFAR's 32 pixels


def augmented(images: Tensor, recipe: Recipe, seed: int, epoch: int) -> Tensor:
    """Images (N, C, H, W) in [0, 1] as `recipe.augment` says; the same seed and epoch give the same, on any device.
    Those that memory does not hold are varied batch by batch."""
    generator = torch.Generator().manual_seed(derived_seed(seed, f"augmentation of epoch {epoch}"))
    match recipe.augment:
        case "none":
            return images
        case "flip-crop":
            return _flip_crop(images, generator)
        case "augmix":
            return _augmix(images, generator)


def _flip_crop(images: Tensor, generator: torch.Generator) -> Tensor:
    """Each image mirrored with a chance of one half and cut from itself in a black frame."""
    count, _, height, width = images.shape
    down, across = max(1, height // _SHARE), max(1, width // _SHARE)
    draws = (
        torch.randint(2 * down + 1, (count, 1), generator=generator),
        torch.randint(2 * across + 1, (count, 1), generator=generator),
        torch.rand(count, 1, generator=generator) < 0.5,
    )
    if isinstance(images, Gathered):
        return images.of(lambda which: _cut(images.rows(which), *(values[which] for values in draws)))
    return _cut(images, *draws)


def _cut(images: Tensor, down: Tensor, across: Tensor, mirrored: Tensor) -> Tensor:
    """Images cut from themselves in a black frame, `down` and `across` (N, 1) pixels from its corner, and mirrored."""
    height, width = images.shape[2:]
    tall, wide = max(1, height // _SHARE), max(1, width // _SHARE)
    rows, columns = torch.arange(height) + down, torch.arange(width) + across
    columns = torch.where(mirrored, columns.flip(1), columns)
    framed = F.pad(images, (wide, wide, tall, tall)).permute(0, 2, 3, 1)
    which = torch.arange(len(images), device=images.device)[:, None, None]
    cut = framed[which, rows.to(images.device)[:, :, None], columns.to(images.device)[:, None]]
    return cut.permute(0, 3, 1, 2).contiguous()


def _augmix(images: Tensor, generator: torch.Generator) -> Tensor:
    """Each image by itself, in 8 bits: three chains of one to three operations, mixed, and mixed with the image.

    Of the operations those that the paper keeps, which are none of ImageNet-C's corruptions.
    """
    from torchvision.transforms.v2 import AugMix

    mix = AugMix(severity=3, mixture_width=3, chain_depth=-1, alpha=1.0, all_ops=False)
    form = torch.empty(images.shape, dtype=torch.uint8, device="meta")
    mixed = scratch(form) if isinstance(images, Gathered) else torch.empty(images.shape, dtype=torch.uint8)
    # torchvision draws from torch's global generator, from which dropout draws, too; image by image, so in their order.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(torch.randint(2**62, (), generator=generator)))
        for start in range(0, len(images), CHUNK):
            codes = images[start : start + CHUNK].clamp(0, 1).mul(255).round().byte().cpu()
            for row, image in enumerate(codes, start):
                mixed[row] = mix(image)
    if isinstance(images, Gathered):
        return images.of(lambda which: mixed[which].to(images.device, images.dtype).div(255))
    return mixed.to(images).div(255)
