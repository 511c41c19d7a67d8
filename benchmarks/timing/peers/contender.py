"""One way to blur a case: what is timed, and how its result is read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

__all__ = ["Contender", "as_is"]


def as_is(result: Any) -> torch.Tensor:
    """For contenders that give (N, C, H, W)."""
    blurred: torch.Tensor = result
    return blurred


@dataclass(frozen=True)
class Contender:
    """`run` is timed. Layouts and kernels are made ready before, as suits the contender best."""

    name: str
    run: Callable[[], Any]
    read: Callable[[Any], torch.Tensor] = as_is
    remark: str = ""
    """Why its result is meant to be another one; such a contender is shown beside the peers, not among them."""
