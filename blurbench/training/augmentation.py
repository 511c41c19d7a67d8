"""Training images of classifiers varied afresh in each epoch."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from blurbench.contract import Recipe
from blurbench.training.seeding import derived_seed

__all__ = ["augmented"]

_SHARE = 8  # images move by up to this part of a side: 4 of CIFAR's 32 pixels


def augmented(images: Tensor, recipe: Recipe, seed: int, epoch: int) -> Tensor:
    """Images (N, C, H, W) in [0, 1] as `recipe.augment` says; the same seed and epoch give the same, on any device."""
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
    rows = torch.arange(height) + torch.randint(2 * down + 1, (count, 1), generator=generator)
    columns = torch.arange(width) + torch.randint(2 * across + 1, (count, 1), generator=generator)
    mirrored = torch.rand(count, 1, generator=generator) < 0.5
    columns = torch.where(mirrored, columns.flip(1), columns)
    framed = F.pad(images, (across, across, down, down)).permute(0, 2, 3, 1)
    which = torch.arange(count, device=images.device)[:, None, None]
    cut = framed[which, rows.to(images.device)[:, :, None], columns.to(images.device)[:, None]]
    return cut.permute(0, 3, 1, 2).contiguous()


def _augmix(images: Tensor, generator: torch.Generator) -> Tensor:
    """Each image by itself, in 8 bits: three chains of one to three operations, mixed, and mixed with the image.

    Of the operations those that the paper keeps, which are none of ImageNet-C's corruptions.
    """
    from torchvision.transforms.v2 import AugMix

    mix = AugMix(severity=3, mixture_width=3, chain_depth=-1, alpha=1.0, all_ops=False)
    codes = images.clamp(0, 1).mul(255).round().byte().cpu()
    # torchvision draws from torch's global generator, from which dropout draws, too.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(torch.randint(2**62, (), generator=generator)))
        mixed = torch.stack([mix(image) for image in codes])
    return mixed.to(images).div(255)
