"""Fits the network of `spectral` to drawn scenes and writes spectral.npz; about a minute on one core.

python -m blurbench_estimators.make_spectral
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from blurbench_estimators.scenes import blurred_windows
from blurbench_estimators.spectral import RINGS, SEGMENT, WEIGHTS, ring_powers

SCENES = 72
SEED = 2001
HIDDEN = 48
EPOCHS = 20
BATCH = 512
PEAK = 3e-3


def main() -> None:
    torch.set_num_threads(1)
    pairs = [
        (ring_powers(torch.from_numpy(windows.pixels)), torch.from_numpy(windows.sigma))
        for windows in blurred_windows(SCENES, SEED, SEGMENT)
    ]
    powers, sigma = map(torch.cat, zip(*pairs, strict=True))
    mean, scale = powers.mean(0), powers.std(0)
    network = fitted((powers - mean) / scale, sigma)
    layers = [layer for layer in network if isinstance(layer, nn.Linear)]
    arrays = {"mean": mean, "scale": scale}
    for name, layer in zip(("first", "second", "third"), layers, strict=True):
        arrays |= {name: layer.weight.T, f"{name}_bias": layer.bias}
    shipped: dict[str, Any] = {name: array.detach().numpy().astype(np.float32) for name, array in arrays.items()}
    np.savez(WEIGHTS, **shipped)
    print(f"{WEIGHTS}: {sum(array.numel() for array in arrays.values()):,} numbers from {len(powers):,} windows")


def fitted(powers: torch.Tensor, sigma: torch.Tensor) -> nn.Sequential:
    """Fit sigma and its spread: the likelihood of a Laplace distribution, whose scale is the mean absolute error."""
    torch.manual_seed(SEED)
    network = nn.Sequential(
        nn.Linear(RINGS, HIDDEN), nn.GELU(), nn.Linear(HIDDEN, HIDDEN), nn.GELU(), nn.Linear(HIDDEN, 2)
    )
    batches = len(powers) // BATCH
    optimizer = torch.optim.AdamW(network.parameters(), weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, PEAK, total_steps=EPOCHS * batches)
    for _ in range(EPOCHS):
        for rows in torch.split(torch.randperm(len(powers))[: batches * BATCH], BATCH):
            answer = network(powers[rows])
            spread = F.softplus(answer[:, 1]) + 0.05
            loss = ((answer[:, 0] - sigma[rows]).abs() / spread + spread.log()).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    return network


if __name__ == "__main__":
    main()
