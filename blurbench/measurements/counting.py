"""Counting what a prediction needs: multiply-accumulates and memory."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from blurbench.imaging.workspaces import free_workspaces

__all__ = ["multiply_accumulates", "peak_memory"]

PEAK, NOW = "VmHWM", "VmRSS"


@contextmanager
def multiply_accumulates() -> Iterator[Callable[[], int]]:
    """Count those of convolutions, matrix products and attention inside; call the value for the number so far."""
    with FlopCounterMode(display=False, custom_mapping=ATTENTION) as counter:
        yield lambda: counter.get_total_flops() // 2


def _attention(query: Sequence[int], key: Sequence[int], value: Sequence[int], *more: Any, **named: Any) -> int:
    """Operations of attention from the shapes (..., length, channels): products with keys, and with values."""
    return 2 * math.prod(query[:-1]) * key[-2] * (query[-1] + value[-1])


ATTENTION = {
    operation: _attention
    for name in ("_scaled_dot_product_flash_attention_for_cpu", "_scaled_dot_product_fused_attention_overrideable")
    if (operation := getattr(torch.ops.aten, name, None)) is not None
}
"""What torch's counter leaves out: since 2.14 processors have an operation of their own for attention."""


def peak_memory(device: torch.device, call: Callable[[], object]) -> int | None:
    """Bytes that `call` needs at its worst moment, above what is held before; None where the system does not tell."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
        torch.cuda.reset_peak_memory_stats(device)
        before = torch.cuda.memory_allocated(device)
        call()
        torch.cuda.synchronize(device)
        return torch.cuda.max_memory_allocated(device) - before
    try:
        # What was freed before but kept for later counts again once it is used again.
        free_workspaces()
        ctypes.CDLL(None).malloc_trim(0)
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak starts from here
        before = _resident(NOW)
        call()
        return max(0, _resident(PEAK) - before)
    except (OSError, AttributeError, KeyError):
        return None


def _resident(field: str) -> int:
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    sizes = {name: value for name, _, value in (line.partition(":") for line in lines)}
    return int(sizes[field].split()[0]) * 1024
