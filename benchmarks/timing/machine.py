"""The machine: what it is, what it can do at best, and whether it is busy with something else."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from benchmarks.timing.results import Limits
from benchmarks.timing.rounds import Patience, take_turns
from blurbench.imaging import native
from blurbench.store.provenance import processor

__all__ = ["Bystanders", "description", "limits", "load", "quiet_share", "versions"]


# --- what it is ----------------------------------------------------------------------------------------------------


def description(device: torch.device) -> dict[str, Any]:
    """Processor or GPU, cores, threads, driver."""
    found: dict[str, Any] = {
        "processor": processor(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "vector instructions": torch.backends.cpu.get_cpu_capability(),
        "compiled code": "no" if native.library("convolution") is None else "yes",
        "device": str(device),
        "system": f"{platform.system()} {platform.machine()}",
    }
    if device.type == "cuda":
        properties = torch.cuda.get_device_properties(device)
        found |= {
            "graphics": properties.name,
            "graphics memory GiB": round(properties.total_memory / 2**30),
            "driver": _driver(),
            "CUDA": torch.version.cuda,
            "cuDNN": torch.backends.cudnn.version(),  # type: ignore[no-untyped-call]
        }
    return found


def _driver() -> str:
    try:
        line = Path("/proc/driver/nvidia/version").read_text(encoding="utf-8").splitlines()[0]
    except (OSError, IndexError):
        return "unknown"
    return next((word for word in line.split() if word[0].isdigit() and "." in word), "unknown")


def versions(packages: tuple[str, ...]) -> dict[str, str]:
    """Versions of those that are installed."""
    found = {"python": platform.python_version()}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


# --- what it can do ------------------------------------------------------------------------------------------------


def limits(device: torch.device) -> Limits:
    """Measure the rate of a large matrix product and of a large copy, the best of some rounds."""
    side = 8192 if device.type == "cuda" else 2048
    source = torch.rand(2**28 if device.type == "cuda" else 2**25, device=device)
    target = torch.empty_like(source)
    return Limits(
        matrix_product=_product_rate(side, torch.float32, device),
        copy=2 * source.nbytes / _best(lambda: target.copy_(source), device),
        matrix_product_bf16=_product_rate(side, torch.bfloat16, device) if device.type == "cuda" else None,
    )


def _product_rate(side: int, dtype: torch.dtype, device: torch.device) -> float:
    a = torch.rand(side, side, device=device).to(dtype)
    b, out = torch.rand_like(a), torch.empty_like(a)
    return 2 * side**3 / _best(lambda: torch.mm(a, b, out=out), device)


def _best(call: Callable[[], object], device: torch.device) -> float:
    return min(take_turns([call], device, Patience(1.0, least=5, most=20))[0])


# --- whether it is busy --------------------------------------------------------------------------------------------

QUIET_CORES, QUIET_SHARE = 0.2, 0.05


def quiet_share() -> float:
    """The number of cores that others may keep busy before figures are doubted."""
    return max(QUIET_CORES, QUIET_SHARE * (os.cpu_count() or 1))


class Bystanders:
    """How many processor cores other processes keep busy; None where the system does not tell."""

    def __init__(self) -> None:
        self.since = self._now()

    def cores(self) -> float | None:
        """On average since the last call, or since this object was made."""
        before, self.since = self.since, self._now()
        if before is None or self.since is None:
            return None
        elapsed, all_busy, own = (now - then for now, then in zip(self.since, before, strict=True))
        return max(0.0, all_busy - own) / elapsed if elapsed > 0 else None

    @staticmethod
    def _now() -> tuple[float, float, float] | None:
        """Clock time, everybody's processor time and our own, in seconds."""
        try:
            fields = Path("/proc/stat").read_text(encoding="utf-8").split("\n", 1)[0].split()[1:]
        except OSError:
            return None
        user, nice, system, _idle, _waiting, interrupt, soft, stolen = (int(field) for field in fields[:8])
        ticks = user + nice + system + interrupt + soft + stolen
        own = os.times()
        return time.monotonic(), ticks / os.sysconf("SC_CLK_TCK"), sum(own[:4])


def load() -> float | None:
    """Processes that wanted to run, on average over the last minute."""
    try:
        return os.getloadavg()[0]
    except OSError:
        return None
