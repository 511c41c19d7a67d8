"""The widest floating-point numbers that a device has. PSFs are made of them, so that their rounding never shows."""

from __future__ import annotations

import torch

__all__ = ["finely", "finest"]

_WITHOUT_DOUBLES = frozenset({"mps"})


def finest(device: torch.device | str) -> torch.dtype:
    """float64, or float32 where the device has none."""
    return torch.float32 if torch.device(device).type in _WITHOUT_DOUBLES else torch.float64


def finely(values: torch.Tensor) -> torch.Tensor:
    """`values` in the widest type of the device that they lie on."""
    return values.to(finest(values.device))
