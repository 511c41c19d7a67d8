"""Counting what a prediction needs: multiply-accumulates and memory."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from torch.utils.flop_counter import FlopCounterMode

from blurbench.imaging.workspaces import free_workspaces

__all__ = ["multiply_accumulates", "peak_memory"]

PEAK, NOW = "VmHWM", "VmRSS"


@contextmanager
def multiply_accumulates() -> Iterator[Callable[[], int]]:
    """Count those of convolutions, matrix products and attention inside; call the value for the number so far."""
    with FlopCounterMode(display=False) as counter:
        yield lambda: counter.get_total_flops() // 2


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
