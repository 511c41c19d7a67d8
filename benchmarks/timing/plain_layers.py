"""The same networks with torch's own convolutions: what blurbench's layers for large kernels are compared with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from torch import nn

from blurbench.imaging import large_kernels

__all__ = ["NAME", "has_large_kernels", "torch_layers", "with_torch_layers"]

NAME = "torch layers"

T = TypeVar("T")

_LAYERS: dict[type[nn.Module], type[nn.Module]] = {
    large_kernels.Conv2d: nn.Conv2d,
    large_kernels.ConvTranspose2d: nn.ConvTranspose2d,
}


def has_large_kernels(module: nn.Module) -> bool:
    """Whether any layer of `module` is one of blurbench's, with kernels of 5x5 or more: others are torch's anyway."""
    return any(
        isinstance(layer, nn.Conv2d | nn.ConvTranspose2d)
        and isinstance(layer, tuple(_LAYERS))
        and min(layer.kernel_size) >= 5
        for layer in module.modules()
    )


@contextmanager
def torch_layers() -> Iterator[None]:
    """While the block runs, all such layers, those of subclasses too, compute as torch's do, with the same weights."""
    kept = {ours: ours.forward for ours in _LAYERS}
    try:
        for ours, theirs in _LAYERS.items():
            ours.forward = theirs.forward  # type: ignore[method-assign]
        yield
    finally:
        for ours, forward in kept.items():
            ours.forward = forward  # type: ignore[method-assign]


def with_torch_layers(call: Callable[[], T]) -> Callable[[], T]:
    """`call` as it would be with torch's layers."""

    def plain() -> T:
        with torch_layers():
            return call()

    return plain
