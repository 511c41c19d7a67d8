"""What a call into plugin code must leave as it was: settings of the process that the results of all later rows depend
on. The random generators are not among them, as whatever draws from them is seeded, nor is the environment, which
libraries write into when they are first imported; torch's threads between operations cannot be set twice."""

from __future__ import annotations

import locale
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageFile
from torch.backends import cuda, cudnn, mha, mkldnn

__all__ = ["guarded", "set_reproducible"]

Setter = Callable[[Any], object]

REDUCED = ("allow_fp16_reduced_precision_reduction", "allow_bf16_reduced_precision_reduction")
ATTENTION = ("flash", "mem_efficient", "math", "cudnn")
AUTOCAST = ("cpu", "cuda")
FLOAT32: tuple[Any, ...] = (
    torch.backends,
    mkldnn,
    cudnn,
    cuda.matmul,
    *(getattr(library, name, None) for library in (mkldnn, cudnn) for name in ("matmul", "conv", "rnn")),
)
"""Where torch keeps the precision of float32 operations since 2.9: in general, of a library, and of its operations."""

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
    # Before TF32, which is part of it, and is refused an answer where the two disagree.
    "the precision of float32 products": (lambda: _float32(), lambda value: _set_float32(*value)),
    "TF32": (
        lambda: (torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32),
        lambda value: _set_tf32(*value),
    ),
    "flushing of denormal numbers": (lambda: _flushes(), torch.set_flush_denormal),
    "anomaly detection": (torch.is_anomaly_enabled, torch.set_anomaly_enabled),
    "reduced precision in sums": (
        lambda: [getattr(cuda.matmul, name) for name in REDUCED],
        lambda value: _set_reduced(*value),
    ),
    "NNPACK": (lambda: torch._C._get_nnpack_enabled(), lambda value: torch._C._set_nnpack_enabled(value)),
    "the kernels of attention": (
        lambda: [*(getattr(cuda, f"{name}_sdp_enabled")() for name in ATTENTION), mha.get_fastpath_enabled()],
        lambda value: _set_attention(*value),
    ),
    "autocast": (
        lambda: [(torch.is_autocast_enabled(name), torch.get_autocast_dtype(name)) for name in AUTOCAST],
        lambda value: _set_autocast(value),
    ),
    "the hooks of all modules": (
        lambda: [dict(hooks) for hooks in _hooks()],
        lambda value: _set_hooks(value),
    ),
    "numpy's handling of floating-point errors": (np.geterr, lambda value: np.seterr(**value)),
    "warnings that are errors": (
        lambda: [one for one in warnings.filters if one[0] == "error"],
        lambda value: _set_warnings(value),
    ),
    "the locale": (lambda: locale.setlocale(locale.LC_ALL), lambda value: locale.setlocale(locale.LC_ALL, value)),
    "the pictures that Pillow takes": (
        lambda: (ImageFile.LOAD_TRUNCATED_IMAGES, Image.MAX_IMAGE_PIXELS),
        lambda value: _set_pillow(*value),
    ),
    "the depth of recursion": (sys.getrecursionlimit, sys.setrecursionlimit),
    "the rights of new files": (lambda: _umask(), os.umask),
    "the working directory": (os.getcwd, os.chdir),
}
"""By what a person calls it: how to read it, and how to set it."""


def _float32() -> tuple[str, list[str]]:
    """The precision of products, and that of all operations; torch refuses to tell the first where they disagree."""
    return torch.get_float32_matmul_precision(), [getattr(place, "fp32_precision", "") for place in FLOAT32]


def _set_float32(products: str, precisions: list[str]) -> None:
    torch.set_float32_matmul_precision(products)
    for place, precision in zip(FLOAT32, precisions, strict=True):
        if precision:
            place.fp32_precision = precision


def _set_reduced(*allowed: Any) -> None:
    for name, value in zip(REDUCED, allowed, strict=True):
        setattr(cuda.matmul, name, value)


def _set_attention(*enabled: bool) -> None:
    for name, value in zip(ATTENTION, enabled, strict=False):
        getattr(cuda, f"enable_{name}_sdp")(value)
    mha.set_fastpath_enabled(enabled[-1])


def _set_autocast(states: list[tuple[bool, torch.dtype]]) -> None:
    for name, (enabled, dtype) in zip(AUTOCAST, states, strict=True):
        torch.set_autocast_enabled(name, enabled)
        torch.set_autocast_dtype(name, dtype)


def _hooks() -> list[dict[int, Any]]:
    """The tables of torch's hooks that every module calls."""
    known = vars(torch.nn.modules.module)
    return [table for name, table in sorted(known.items()) if name.startswith("_global_") and isinstance(table, dict)]


def _set_hooks(tables: list[dict[int, Any]]) -> None:
    for table, before in zip(_hooks(), tables, strict=True):
        table.clear()
        table.update(before)


def _set_warnings(errors: list[Any]) -> None:
    """Filters that make no errors stay: libraries add some when they are imported."""
    kept = [one for one in warnings.filters if one[0] != "error" or one in errors]
    warnings.resetwarnings()  # which also has Python forget what it decided by the old filters
    warnings.filters[:] = kept  # type: ignore[index]


def _set_pillow(truncated: bool, pixels: int | None) -> None:
    ImageFile.LOAD_TRUNCATED_IMAGES, Image.MAX_IMAGE_PIXELS = truncated, pixels


def _umask() -> int:
    """Read by setting it: there is no other way."""
    os.umask(mask := os.umask(0o077))
    return mask


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
    before = {name: _told(read) for name, (read, _) in SETTINGS.items()}
    try:
        yield
    finally:
        for name, (read, put) in SETTINGS.items():
            if before[name] is not UNTOLD and _told(read) != before[name]:
                put(before[name])
                changed.append(name)


UNTOLD = object()


def _told(read: Callable[[], Any]) -> Any:
    """A setting; torch refuses to tell some that were set in two ways that disagree."""
    try:
        return read()
    except RuntimeError:
        return UNTOLD
