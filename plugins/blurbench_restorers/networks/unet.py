"""The network of `unet`, and the rotations and flips that it is fitted with."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from blurbench.imaging import large_kernels
from blurbench.imaging.layout import channels_last

__all__ = ["Prelu", "Unet", "rotate_and_flip", "turned"]


class Prelu(nn.Module):
    """max(x, 0) + a min(x, 0) with one learned a, which starts at 0.25."""

    def __init__(self) -> None:
        super().__init__()
        self.slope = nn.Parameter(torch.tensor([0.25]))

    def forward(self, x: Tensor) -> Tensor:
        return F.prelu(x, self.slope.to(x.dtype))  # float32 under autocast, too


class Unet(nn.Module):
    """Two strided convolutions down, two transposed ones up, and two skips, which leave before the activation.

    Variant `code`: one PReLU parameter for the whole network, norms after the concatenations, a 1x1 convolution at the
    end. Variant `table1`: ReLU, norms before the concatenations, a full kernel at the end; with stride 2 where the
    table prints 1, since its output padding allows nothing else.
    """

    def __init__(
        self,
        channels: int,
        widths: tuple[int, int, int],
        kernel: int,
        variant: Literal["code", "table1"],
        bias_init: Literal["zeros", "normal"],
    ) -> None:
        super().__init__()
        first, second, third = widths
        same = partial(large_kernels.Conv2d, kernel_size=kernel, padding=kernel // 2)
        up = partial(large_kernels.ConvTranspose2d, kernel_size=kernel, stride=2, padding=kernel // 2, output_padding=1)
        self.conv1, self.down1, self.norm1 = same(channels, first), same(first, first, stride=2), nn.BatchNorm2d(first)
        self.conv2, self.down2, self.norm2 = same(first, second), same(second, second, stride=2), nn.BatchNorm2d(second)
        self.conv3 = same(second, third)
        self.up1, self.conv4 = up(third, second), same(2 * second, second)
        self.up2, self.conv5 = up(second, first), same(2 * first, first)
        self.norms_concatenated = variant == "code"
        share = 2 if self.norms_concatenated else 1
        self.norm3, self.norm4 = nn.BatchNorm2d(share * second), nn.BatchNorm2d(share * first)
        self.conv6 = nn.Conv2d(first, channels, 1) if variant == "code" else same(first, channels)
        self.activation = Prelu() if variant == "code" else nn.ReLU()
        # On a CPU channels last takes 0.85 of the time with 3x3 kernels and 1.1 times as long with 9x9.
        self.channels_last = kernel <= 5
        self._initialise(bias_init)

    def _initialise(self, bias_init: Literal["zeros", "normal"]) -> None:
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
                assert layer.bias is not None
                nn.init.xavier_uniform_(layer.weight)
                nn.init.zeros_(layer.bias) if bias_init == "zeros" else nn.init.normal_(layer.bias)

    def forward(self, images: Tensor) -> Tensor:
        """Restored images of (N, C, H, W), any size: sides are padded to a multiple of 4 and cropped again."""
        height, width = images.shape[-2:]
        act = self.activation
        padded = F.pad(images, (0, -width % 4, 0, -height % 4), mode="replicate")
        skip0 = self.conv1(channels_last(padded) if self.channels_last else padded)
        skip1 = self.conv2(self.norm1(act(self.down1(act(skip0)))))
        deepest = act(self.conv3(self.norm2(act(self.down2(act(skip1))))))
        middle = act(self.conv4(self._joined(act(self.up1(deepest)), skip1, self.norm3)))
        finest = act(self.conv5(self._joined(act(self.up2(middle)), skip0, self.norm4)))
        restored: Tensor = act(self.conv6(finest))
        return restored[..., :height, :width].contiguous()

    def _joined(self, upsampled: Tensor, skip: Tensor, norm: nn.Module) -> Tensor:
        if self.norms_concatenated:
            joined: Tensor = norm(torch.cat([upsampled, skip], dim=1))
            return joined
        return torch.cat([norm(upsampled), skip], dim=1)


def rotate_and_flip(
    images: Tensor, batches: Sequence[Tensor], generator: torch.Generator, per: Literal["batch", "image"]
) -> Tensor:
    """Images (N, C, H, W) turned about their centres by up to 180 degrees either way, half of them mirrored left to
    right: nearest pixel, black beyond the border; one draw a batch or one an image."""
    draws = torch.rand(len(batches) if per == "batch" else len(images), 2, generator=generator)
    if per == "batch":
        rows = torch.empty(len(images), dtype=torch.long)
        for number, batch in enumerate(batches):
            rows[batch] = number
        draws = draws[rows]
    angles = (2 * draws[:, 0] - 1) * math.pi
    mirror = 1 - 2 * (draws[:, 1] < 0.5).float()
    return turned(images, angles.to(images.device), mirror.to(images.device))


def turned(images: Tensor, angles: Tensor, mirror: Tensor) -> Tensor:
    """Images (N, C, H, W) turned by `angles` (N,) in radians; where `mirror` (N,) is -1 and not 1, mirrored before."""
    height, width = images.shape[-2:]
    cosine, sine, zero = angles.cos(), angles.sin(), torch.zeros_like(angles)
    # Where each output pixel is read, in units of half a side: on images that are not square a turn is sheared back.
    across = torch.stack([mirror * cosine, -mirror * sine * height / width, zero], dim=1)
    down = torch.stack([sine * width / height, cosine, zero], dim=1)
    grid = F.affine_grid(torch.stack([across, down], dim=1), list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, mode="nearest", padding_mode="zeros", align_corners=False)
