"""Where a record comes from: versions, machine, time. None of it is part of any key."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from blurbench.errors import shortened
from blurbench.registry import Registry

__all__ = ["cluster_job", "graphics", "machine", "package_versions", "plugin_versions", "processor", "provenance"]

PACKAGES = ("blurbench", "torch", "torchvision", "timm", "numpy")


def provenance(device: Any, registry: Registry) -> dict[str, Any]:
    """For a record measured just now on `device` (a torch.device) by this process, with the plugins of `registry`."""
    import torch

    return {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {**package_versions(), **plugin_versions(registry)},
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else processor(),
        "threads": torch.get_num_threads(),
        **({"cuda": torch.version.cuda} if torch.version.cuda else {}),
        **({"job": job} if (job := cluster_job()) else {}),
    }


def plugin_versions(registry: Registry) -> dict[str, str]:
    """Of the packages that plugins come from, blurbench among them."""
    entries = [entry for kind in registry.entries.values() for entry in kind.values()]
    return {entry.package: entry.version for entry in entries}


def cluster_job() -> str:
    """The number of the Slurm job that this process is part of, as Slurm writes it; empty outside of one."""
    whole, part = os.environ.get("SLURM_ARRAY_JOB_ID"), os.environ.get("SLURM_ARRAY_TASK_ID")
    return shortened(f"{whole}_{part}" if whole and part else os.environ.get("SLURM_JOB_ID", ""), 60)


@cache
def package_versions() -> dict[str, str]:
    """Of the packages that figures depend on."""
    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


@cache
def processor() -> str:
    """The processor's name, as near as the system tells."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def machine(device: str, threads: int) -> dict[str, Any]:
    """What timings hold for."""
    chips = graphics() if device.startswith("cuda") else []
    return {"processor": processor(), "cores": os.cpu_count(), "device": device, "graphics": chips, "threads": threads}


@cache
def graphics() -> list[str]:
    """The names of the NVIDIA GPUs, read without torch."""
    found = []
    for path in sorted(Path("/proc/driver/nvidia/gpus").glob("*/information")):
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        found += [line.partition(":")[2].strip() for line in lines if line.startswith("Model")]
    return found
