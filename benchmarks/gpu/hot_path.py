"""Every variant of the per-image blur beside its peers, at the sizes of `blurbench time`, and the device's limits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

from benchmarks.gpu.job import Job, Step
from benchmarks.timing.blur import blur_group
from benchmarks.timing.machine import limits, versions
from benchmarks.timing.peers import LIBRARIES, missing
from benchmarks.timing.rounds import Patience
from benchmarks.timing.sizes import FAMILIES, SIZES

__all__ = ["run"]

ON_CPU = ("M", "I31", "C", "HD", "I19")
ON_GPU = ("M", "I31-many", "C-many", "HD", "M-many", "I31", "HD-many", "C", "I19-many", "I19")
"""What is measured first tells most, should the time be up: one small size, one that fills a GPU, colour, 720p."""

STEPS = 100
"""About so many groups share the time; each is taken longer to prepare than to measure."""


def run(job: Job) -> None:
    """One step for the limits, one a family and size."""
    job.take(_steps(job))


def _steps(job: Job) -> Iterator[Step]:
    on_gpu = job.device.type != "cpu"
    libraries = ("blurbench", "numpy", "triton", *(library.package for library in LIBRARIES))
    yield "versions", lambda: {"versions": versions(libraries), "missing": missing(on_gpu)}
    yield "limits", lambda: asdict(limits(job.device))
    patience = Patience(max(0.1, job.seconds / STEPS / 2), least=3)
    for size in ON_GPU if on_gpu else ON_CPU:
        for family in FAMILIES:
            yield _blur(family, size, job, patience)


def _blur(family: str, size: str, job: Job, patience: Patience) -> Step:
    return f"{family} at {size}", lambda: asdict(blur_group(family, SIZES[size], job.device, patience))
