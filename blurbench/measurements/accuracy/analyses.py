"""What is measured inside a classifier while it predicts, where a suite asks for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from blurbench.contract import Classifier
from blurbench.metrics.feature_gradients import gradient_magnitude_variance

__all__ = ["deepest_maps", "feature_gradients"]

LEAST = 4
"""Rows and columns of maps that still show edges; the layers of `lenet-mcn` behind them see the image as one pixel."""


def deepest_maps(classifier: Classifier, network: nn.Module, predict: Callable[[], object]) -> nn.Module | None:
    """The last of the units whose weights give maps of 4x4 or more, found in one prediction; None: there is none."""
    found: list[nn.Module] = []

    def look(layer: nn.Module, inputs: Any, output: Any) -> None:
        if isinstance(output, torch.Tensor) and output.ndim == 4 and min(output.shape[2:]) >= LEAST:
            found.append(layer)

    try:
        layers = [unit[0] for unit in classifier.units(network)]
    except NotImplementedError:
        return None
    handles = [layer.register_forward_hook(look) for layer in layers]
    try:
        predict()
    finally:
        for handle in handles:
            handle.remove()
    return found[-1] if found else None


@contextmanager
def feature_gradients(layer: nn.Module) -> Iterator[list[torch.Tensor]]:
    """The measure of `metrics.feature_gradients` of what `layer` gives inside, (N,) for each batch, before any norm."""
    parts: list[torch.Tensor] = []
    handle = layer.register_forward_hook(lambda layer, inputs, maps: parts.append(gradient_magnitude_variance(maps)))
    try:
        yield parts
    finally:
        handle.remove()
