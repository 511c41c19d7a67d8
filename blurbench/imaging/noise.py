"""How noisy an image is, read off the image: median absolute response to a mask that a smooth image does not answer."""

from __future__ import annotations

import torch
from torch.nn import functional as F

from blurbench.imaging.arguments import check_images

__all__ = ["noise_std"]

_MASK = ((1.0, -2.0, 1.0), (-2.0, 4.0, -2.0), (1.0, -2.0, 1.0))
_GAIN = 6.0  # root of the sum of squares: the response to white noise of standard deviation 1
_MEDIAN = 0.6745  # of |x| where x is standard normal


def noise_std(images: torch.Tensor) -> torch.Tensor:
    """Standard deviation (N,) of the white noise in images (N, C, H, W), on their scale; mean over the channels.

    The mask is the difference of two Laplacians (Immerkaer 1996), the median keeps edges out (Donoho 1994). Fine
    texture counts as noise, so on a sharp image it says too much. Raises UsageError where the images are not
    floating-point numbers or have fewer than 3 pixels a side.
    """
    check_images(images, least=3)
    n, c = images.shape[:2]
    mask = images.new_tensor(_MASK)[None, None]
    if images.numel() == 0:
        return images.new_zeros(n)
    response = F.conv2d(images.reshape(n * c, 1, *images.shape[-2:]), mask).abs().flatten(1)
    return (response.median(1).values / (_GAIN * _MEDIAN)).view(n, c).mean(1)
