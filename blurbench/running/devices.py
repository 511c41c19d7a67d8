"""Which devices there are, asked without torch: the process that schedules does not import it."""

from __future__ import annotations

import os
import re
from importlib.metadata import version
from pathlib import Path

from blurbench.errors import UsageError

__all__ = ["chosen_device", "device_slots"]

MOST_WORKERS = 8
"""On processor cores, unless --jobs says otherwise."""


def chosen_device(wanted: str) -> str:
    """`auto` is a GPU where there is one.

    Raises:
        UsageError: that is no kind of device; whether it is here shows when a worker starts.
    """
    if not re.fullmatch(r"auto|(cpu|cuda|mps|xpu)(:\d+)?", wanted):
        raise UsageError(f"--device {wanted}: give auto, cpu, cuda, or one GPU of several, such as cuda:1")
    return wanted if wanted != "auto" else ("cuda" if _gpus() else "cpu")


def device_slots(device: str, jobs: int | None) -> list[str]:
    """The device of each worker: one worker a GPU, or one a processor core, or as many as `jobs` says."""
    devices = [device]
    if device == "cuda":
        devices = [f"cuda:{number}" for number in range(len(_gpus()))] or ["cuda"]
    count = jobs or (len(devices) if device == "cuda" else min(os.cpu_count() or 1, MOST_WORKERS))
    return [devices[number % len(devices)] for number in range(count)]


def _gpus() -> list[str]:
    """The GPUs that torch will find."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if "+cpu" in version("torch"):
        return []
    if visible is not None:
        return [part for part in visible.split(",") if part.strip() not in ("", "-1")]
    return [path.name for path in sorted(Path("/dev").glob("nvidia[0-9]*"))]
