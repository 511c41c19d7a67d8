"""Memory for large temporary tensors, used again and again.

Asked for afresh it comes from the system page by page, which takes a third of the time of a training step.
"""

from __future__ import annotations

import math
import threading
import weakref
from collections.abc import Sequence

import torch
from torch import Tensor

__all__ = ["free_workspaces", "lease"]

KEPT_BYTES = 2**30
"""Memory that no tensor uses is kept up to so much, the most recently used first."""

_free: list[Tensor] = []
_lock = threading.RLock()  # garbage may be collected, and give memory back, at any time


def lease(shape: Sequence[int], dtype: torch.dtype) -> Tensor:
    """An uninitialised tensor, in memory that is kept for the next ones when nothing refers to it any more."""
    size = math.prod(shape) * dtype.itemsize
    memory = _take(size)
    handle = memory.numpy()
    weakref.finalize(handle, _give_back, memory).atexit = False
    return torch.from_numpy(handle)[:size].view(dtype).view(shape)


def _take(size: int) -> Tensor:
    with _lock:
        fitting = [memory for memory in _free if size <= memory.nbytes <= 1.5 * size + 2**20]
        if fitting:
            best = min(fitting, key=lambda memory: memory.nbytes)
            _free[:] = [memory for memory in _free if memory is not best]
            return best
    with torch.inference_mode(False):
        return torch.empty(size, dtype=torch.uint8)


def free_workspaces() -> None:
    """Give all memory that waits for the next call back to the system."""
    with _lock:
        _free.clear()


def _give_back(memory: Tensor) -> None:
    with _lock:
        _free.append(memory)
        while sum(kept.nbytes for kept in _free) > KEPT_BYTES:
            _free.pop(0)
