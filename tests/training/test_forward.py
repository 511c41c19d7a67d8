"""Asking a fitted network."""

import torch
from torch import nn

from blurbench.training import CHUNK, forward


class Counting(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.sizes: list[int] = []

    def forward(self, images: torch.Tensor, *more: torch.Tensor) -> torch.Tensor:
        self.sizes.append(len(images))
        return sum((tensor.flatten(1).sum(1, keepdim=True) for tensor in more), images.flatten(1).sum(1, keepdim=True))


def test_images_go_through_in_chunks_and_come_back_in_order():
    module, images = Counting(), torch.rand(CHUNK + 3, 1, 2, 2)
    assert torch.equal(forward(module, images), images.flatten(1).sum(1, keepdim=True))
    assert module.sizes == [CHUNK // 2, CHUNK // 2, 3], "half as many on a processor"


def test_further_inputs_are_cut_at_the_same_places():
    images, more = torch.rand(CHUNK + 1, 1, 2, 2), torch.rand(CHUNK + 1, 5)
    expected = images.flatten(1).sum(1, keepdim=True) + more.sum(1, keepdim=True)
    assert torch.equal(forward(Counting(), images, more), expected)


def test_a_network_is_asked_without_a_graph():
    assert not forward(nn.Linear(4, 3), torch.rand(5, 4)).requires_grad
