"""Where a record comes from."""

from __future__ import annotations

import pytest

from blurbench.registry import Registration, Registry
from blurbench.store.provenance import cluster_job, machine, plugin_versions
from blurbench.testing.samples import SampleBlur


def test_a_slurm_job_is_named_as_slurm_does(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SLURM_JOB_ID", "SLURM_ARRAY_JOB_ID", "SLURM_ARRAY_TASK_ID"):
        monkeypatch.delenv(name, raising=False)
    assert cluster_job() == ""
    monkeypatch.setenv("SLURM_JOB_ID", "12")
    assert cluster_job() == "12"
    monkeypatch.setenv("SLURM_ARRAY_JOB_ID", "7")
    monkeypatch.setenv("SLURM_ARRAY_TASK_ID", "3")
    assert cluster_job() == "7_3"


def test_every_package_that_brings_plugins_has_its_version() -> None:
    registry = Registry()
    registry.add(Registration("blurs", "sample", SampleBlur, "outside", "2.1"))
    assert plugin_versions(registry) == {"outside": "2.1"}


def test_on_a_cpu_no_gpu_is_part_of_the_machine() -> None:
    here = machine("cpu", 2)
    assert (here["device"], here["graphics"], here["threads"]) == ("cpu", [], 2)
    assert here["processor"]
