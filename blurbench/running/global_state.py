"""What a call into plugin code must leave as it was: settings of torch that the results of all later rows depend on."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch

__all__ = ["guarded", "set_reproducible"]

Setter = Callable[[Any], object]

SETTINGS: dict[str, tuple[Callable[[], Any], Setter]] = {
    "the default dtype": (torch.get_default_dtype, torch.set_default_dtype),
    "the default device": (torch.get_default_device, torch.set_default_device),
    "the number of threads": (torch.get_num_threads, torch.set_num_threads),
    "gradient mode": (torch.is_grad_enabled, torch.set_grad_enabled),
    "deterministic mode": (
        lambda: (torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()),
        lambda value: torch.use_deterministic_algorithms(value[0], warn_only=value[1]),
    ),
    "the filling of new memory": (
        lambda: torch.utils.deterministic.fill_uninitialized_memory,  # type: ignore[attr-defined]
        lambda value: setattr(torch.utils.deterministic, "fill_uninitialized_memory", value),
    ),
    "MKLDNN": (lambda: torch._C._get_mkldnn_enabled(), lambda value: torch._C._set_mkldnn_enabled(value)),
    "cuDNN": (lambda: torch.backends.cudnn.enabled, lambda value: setattr(torch.backends.cudnn, "enabled", value)),
    "cuDNN's choice of algorithms": (
        lambda: torch.backends.cudnn.benchmark,
        lambda value: setattr(torch.backends.cudnn, "benchmark", value),
    ),
    "TF32": (
        lambda: (torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32),
        lambda value: _set_tf32(*value),
    ),
    "flushing of denormal numbers": (lambda: _flushes(), torch.set_flush_denormal),
    "anomaly detection": (torch.is_anomaly_enabled, torch.set_anomaly_enabled),
    "the working directory": (os.getcwd, os.chdir),
}
"""By what a person calls it: how to read it, and how to set it."""


def _set_tf32(cudnn: bool, products: bool) -> None:
    torch.backends.cudnn.allow_tf32 = cudnn
    torch.backends.cuda.matmul.allow_tf32 = products


def _flushes() -> bool:
    """Whether numbers too small for full precision count as zero."""
    return bool((torch.tensor([1e-310], dtype=torch.float64) * 1.0 == 0).item())


def set_reproducible() -> None:
    """What all figures depend on: the same numbers on every run of a device, and blurs exact to 1e-5 on any."""
    torch.use_deterministic_algorithms(True, warn_only=True)
    # That also fills all new memory with NaN, for those who read what nobody wrote: a sixth of a small network's fit.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    torch.backends.cudnn.allow_tf32 = False


@contextmanager
def guarded(changed: list[str]) -> Iterator[None]:
    """Put back what the block leaves changed, and add to `changed` what that was."""
    before = {name: read() for name, (read, _) in SETTINGS.items()}
    try:
        yield
    finally:
        for name, (read, put) in SETTINGS.items():
            if read() != before[name]:
                put(before[name])
                changed.append(name)
