"""Which devices there are, asked without torch."""

from __future__ import annotations

import os
from importlib.metadata import version

import pytest

from blurbench.errors import UsageError
from blurbench.running.devices import MOST_WORKERS, chosen_device, device_slots

FOR_GPUS = "+cpu" not in version("torch")


@pytest.mark.parametrize("wanted", ["gpu", "cuda:", "cuda:1,2", "CPU", ""])
def test_what_is_no_device_is_refused(wanted: str) -> None:
    with pytest.raises(UsageError, match="give auto, cpu, cuda, or one GPU of several, such as cuda:1"):
        chosen_device(wanted)


def test_there_is_a_worker_a_gpu_or_as_many_as_are_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,GPU-7f")
    gpus = ["cuda:0", "cuda:1"] if FOR_GPUS else ["cuda"]
    assert chosen_device("auto") == ("cuda" if FOR_GPUS else "cpu")
    assert device_slots("cuda", None) == gpus
    assert device_slots("cuda", 3) == (gpus * 3)[:3]
    assert device_slots("cuda:1", 2) == ["cuda:1", "cuda:1"]


@pytest.mark.parametrize("visible", ["", "-1"])
def test_gpus_that_are_hidden_are_not_there(monkeypatch: pytest.MonkeyPatch, visible: str) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert chosen_device("auto") == "cpu"
    assert device_slots("cuda", None) == ["cuda"]


def test_a_processor_has_a_worker_a_core_up_to_a_few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 100)
    assert device_slots("cpu", None) == ["cpu"] * MOST_WORKERS
    assert device_slots("cpu", 100) == ["cpu"] * 100
