from __future__ import annotations

import pytest
import torch

from blurbench.imaging.layout import channels_last


@pytest.mark.parametrize("channels", [1, 3])
def test_a_convolution_goes_on_in_channels_last_even_where_one_channel_hides_the_layout(channels: int) -> None:
    images = torch.rand(2, channels, 6, 8)
    laid = channels_last(images)
    features = torch.nn.functional.conv2d(laid, torch.rand(4, channels, 3, 3))
    assert torch.equal(laid, images)
    assert features.is_contiguous(memory_format=torch.channels_last)


def test_images_that_lie_apart_in_memory_are_the_same_images() -> None:
    images = torch.rand(4, 1, 12, 8)[::2, :, ::2]
    assert torch.equal(channels_last(images), images)
