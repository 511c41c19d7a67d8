"""Training steps of restorers' networks, with blurbench's layers and torch's, and forward passes of classifiers'."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from benchmarks.conftest import wait
from benchmarks.timing.networks import CLASSES, SHAPE
from benchmarks.timing.plain_layers import with_torch_layers
from blurbench.registry.discovery import discover

LAYERS = ("blurbench's layers", "torch's layers")
BATCH = 16


@pytest.mark.parametrize("layers", LAYERS)
@pytest.mark.parametrize("restorer", ["unet", "unet[kernel=3]", "srn", "caessc"])
def test_training_step(benchmark, restorer: str, layers: str, device: torch.device) -> None:  # type: ignore[no-untyped-def]
    module = discover().resolve("restorers", restorer).build(SHAPE).to(device).train()
    blurred, clean = torch.rand(2, BATCH, SHAPE.channels, SHAPE.height, SHAPE.width, device=device)
    optimiser = torch.optim.Adam(module.parameters(), lr=1e-6)

    def step() -> None:
        optimiser.zero_grad()
        restored = module(blurred)
        F.mse_loss(restored[-1] if isinstance(restored, tuple) else restored, clean).backward()
        optimiser.step()
        wait(device)

    benchmark.group = f"{restorer} training step"
    benchmark.pedantic(step if layers == LAYERS[0] else with_torch_layers(step), warmup_rounds=1, rounds=3)


@pytest.mark.parametrize("classifier", ["cnn2", "cnn3", "lenet-mcn", "vit"])
def test_forward(benchmark, classifier: str, device: torch.device) -> None:  # type: ignore[no-untyped-def]
    module = discover().resolve("classifiers", classifier).build(SHAPE, CLASSES).to(device).eval()
    images = torch.rand(256, SHAPE.channels, SHAPE.height, SHAPE.width, device=device)

    def forward() -> None:
        module(images)
        wait(device)

    with torch.inference_mode():
        benchmark.pedantic(forward, warmup_rounds=1, rounds=5)
