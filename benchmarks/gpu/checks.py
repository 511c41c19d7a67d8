"""The tests that are marked `gpu`, on this device; without one, under Triton's interpreter."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from benchmarks.gpu.job import Job
from benchmarks.gpu.journal import Entry
from blurbench.checkout import SOURCE

__all__ = ["run"]

MARK = "pytest.mark.gpu"


def run(job: Job) -> None:
    """One step a test."""
    if missing := [name for name in ("pytest", "triton", "scipy") if importlib.util.find_spec(name) is None]:
        reason = f"not installed: {', '.join(missing)}; without them the gpu tests cannot run"
        job.journal.add(Entry("the gpu tests", "skipped", reason))
        return
    import pytest

    from benchmarks.gpu.recorder import Recorder

    options = ("-q", "-p", "no:cacheprovider", "-o", "addopts=--strict-markers", "-m", "gpu")
    pytest.main([f"--rootdir={SOURCE}", *options, *map(str, _files())], plugins=[Recorder(job.journal)])


def _files() -> list[Path]:
    """The test modules that have such tests: to import all others takes longer than to run these."""
    return [path for path in sorted((SOURCE / "tests").rglob("test_*.py")) if MARK in path.read_text(encoding="utf-8")]
