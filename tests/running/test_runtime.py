"""What a worker loads, and how it notices that somebody changed it."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from blurbench.registry import Registry
from blurbench.running.runtime import WorkerRuntime, _fingerprint, _load, _save, seed_everything
from blurbench.store.store import Store


def test_weights_come_back_and_those_that_no_fit_gives_are_refused(tmp_path: Path) -> None:
    fitted, other = nn.BatchNorm2d(3), nn.BatchNorm2d(3)
    nn.init.uniform_(fitted.weight)
    _save(fitted, tmp_path)
    _load(other, tmp_path, torch.device("cpu"))
    assert torch.equal(other.weight, fitted.weight)
    fitted.running_var[1] = torch.inf  # type: ignore[index]
    _save(fitted, tmp_path)
    with pytest.raises(ValueError, match="running_var is not finite"):
        _load(other, tmp_path, torch.device("cpu"))


def test_a_changed_weight_buffer_or_mode_shows_and_asking_a_network_does_not() -> None:
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2)).eval()
    before = _fingerprint(network)
    with torch.no_grad():
        network(torch.rand(1, 1, 4, 4))
    assert _fingerprint(network) == before
    seen = {before}
    with torch.no_grad():
        network[0].weight.data[0, 0, 0, 0] += 1  # type: ignore[index,union-attr]
        seen.add(_fingerprint(network))
        network.train()
        seen.add(_fingerprint(network))
        network(torch.rand(2, 1, 4, 4))
        seen.add(_fingerprint(network))
    assert len(seen) == 4
    assert _fingerprint(None) == ()


def test_all_generators_begin_from_the_seed() -> None:
    drawn = []
    for _ in range(2):
        seed_everything(2**40 + 7)
        drawn.append((random.random(), np.random.rand(), float(torch.rand(1))))
    assert drawn[0] == drawn[1]


@pytest.mark.parametrize(("free", "made"), [(2**20, 3), (2**40, 2), (None, 2)])
def test_a_worker_keeps_fewer_images_where_less_memory_is_free(
    free: int | None, made: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("blurbench.running.runtime.free_memory", lambda device: free)
    runtime = WorkerRuntime(Registry(), Store(tmp_path), torch.device("cpu"), lambda: None)
    calls = []

    def restore() -> list[torch.Tensor]:
        calls.append(1)
        return [torch.zeros(2**18)]

    for cell in ("one", "other", "one"):
        runtime.restored(cell, restore)
    assert len(calls) == made
