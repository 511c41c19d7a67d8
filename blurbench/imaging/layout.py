"""How images lie in memory."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["channels_last"]


def channels_last(images: Tensor) -> Tensor:
    """Images (N, C, H, W), channels last, which small convolutions on a processor do faster.

    Layers tell the layout by strides. With one channel those of both layouts hold, torch takes them for channels first,
    and the network goes on in that: so here the strides say which is meant.
    """
    count, channels, height, width = images.shape
    if channels > 1:
        return images.to(memory_format=torch.channels_last)
    return images.reshape(count, height, width, 1).permute(0, 3, 1, 2)
