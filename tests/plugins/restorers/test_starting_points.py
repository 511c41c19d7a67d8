"""Restorers that start as the identity."""

from __future__ import annotations

import torch

from blurbench.contract import Shape
from blurbench.registry import Registry

IMAGES = torch.rand(4, 3, 18, 22, generator=torch.Generator().manual_seed(0))


def test_a_residual_resunet_starts_as_the_identity_and_learns(registry: Registry) -> None:
    network = registry.resolve("restorers", {"name": "resunet", "channels": 4, "residual": True}).build(
        Shape(3, 18, 22)
    )

    restored = network(IMAGES)
    restored.square().mean().backward()

    assert (restored - IMAGES).abs().max() < 1 / 500
    assert network.end[-1].weight.grad.abs().max() > 0


def test_the_papers_resunet_adds_nothing_to_the_image(registry: Registry) -> None:
    network = registry.resolve("restorers", {"name": "resunet", "channels": 4}).build(Shape(3, 18, 22))
    torch.nn.init.zeros_(network.end[-1].weight)

    assert torch.allclose(network(IMAGES), torch.full_like(IMAGES, 0.5))
