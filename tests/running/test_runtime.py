"""What a worker loads, and how it notices that somebody changed it."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from blurbench.registry import Registry
from blurbench.running.runtime import WorkerRuntime, _fingerprint, _load, _save, seed_everything
from blurbench.running.session import Request, Session
from blurbench.store.record import Record
from blurbench.store.store import Store
from tests.running.tiny import write_suite


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


# --- plugins that change what others meet --------------------------------------------------------------------------

CARELESS = """
from dataclasses import dataclass
from blurbench.contract import Output, Predictor, Strategy
from blurbench.training import fit_from_scratch

class Predicting(Predictor):
    def __init__(self, module):
        self.module = module

    def predict(self, degraded):
        logits = self.module(degraded.images)
        {after}
        return Output(logits)

@dataclass(frozen=True)
class Careless(Strategy):
    def uses_train_blur(self):
        return False

    def fit(self, module, job):
        {before}
        return fit_from_scratch(module, job, lambda images, epoch: images.images)

    def predictor(self, setting, own, inputs):
        return Predicting(own.module)
"""


def measured(
    tmp_path: Path, *blurs: str, strategies: Sequence[str] = (), code: str = "", **does: str
) -> dict[str, Record]:
    """The records of a run, by strategy and test blur; `careless` is a strategy that does so much more."""
    own = code or CARELESS.format(**{"before": "pass", "after": "pass", **does})
    (tmp_path / "own.py").write_text(own)
    suite = write_suite(tmp_path, tuple(strategies or ("careless", "plain")), blurs)
    root = Path(tempfile.mkdtemp(dir=tmp_path))
    session = Session(Request(str(suite), out=root, jobs=0, timing=False, plugins=(tmp_path / "own.py",)))
    session.run()
    found = {cell: session.store.records.get(cell.key) for cell in session.plan.cells}
    return {
        f"{cell.labels['strategy']}, {cell.labels['test_blur']}": record for cell, record in found.items() if record
    }


SOFT = "gaussian[sigma=2]"


@pytest.mark.usefixtures("plugins_of_before")
def test_a_network_that_its_predictor_wears_out_is_whole_again_for_the_next_cell(tmp_path: Path) -> None:
    wears = "[weight.data.mul_(0.5) for weight in self.module.parameters()]"
    both, alone = measured(tmp_path, "none", SOFT, after=wears), measured(tmp_path, SOFT, after=wears)
    assert both[f"careless, {SOFT}"].accuracy.images == alone[f"careless, {SOFT}"].accuracy.images


@pytest.mark.usefixtures("plugins_of_before")
def test_a_predictor_that_works_in_place_changes_no_other_rows_images(tmp_path: Path) -> None:
    both = measured(tmp_path, "none", SOFT, after="degraded.images.zero_()")
    alone = measured(tmp_path, "none", SOFT, strategies=("plain",))
    assert both.keys() > alone.keys()
    assert all(both[cell].accuracy.images == record.accuracy.images for cell, record in alone.items())


@pytest.mark.usefixtures("plugins_of_before")
def test_a_fit_that_changes_its_training_images_is_refused(tmp_path: Path) -> None:
    refused = measured(tmp_path, "none", before="job.train.images.mul_(0.5)")["careless, none"]
    says = "fitting changed its training or validation images in place; work on a clone"
    assert (refused.status, refused.reason) == ("failed", says)


ALIKE = """
from dataclasses import dataclass
from blurbench.contract import Restoring, Strategy
from blurbench.training import fit_from_scratch

class Answering(Restoring):
    def __init__(self, module):
        self.module = module

    def restores_as(self):
        return "alike"

    def restore(self, degraded):
        return degraded.images * (0.5 if degraded.psf is None else 1.0)

    def classify(self, restored):
        return self.module(restored)

@dataclass(frozen=True)
class Alike(Strategy):
    told: bool = True

    def knows(self):
        return "true PSF" if self.told else "nothing"

    def uses_train_blur(self):
        return False

    def fit(self, module, job):
        return fit_from_scratch(module, job, lambda images, epoch: images.images)

    def predictor(self, setting, own, inputs):
        return Answering(own.module)
"""


@pytest.mark.usefixtures("plugins_of_before")
def test_what_an_oracle_restored_is_not_shared_with_who_is_told_nothing(tmp_path: Path) -> None:
    strategies = ("alike", "alike[told=false]", "plain")
    found = measured(tmp_path, "none", SOFT, strategies=strategies, code=ALIKE)
    oracle, blind = (found[f"{strategy}, {SOFT}"].accuracy.metrics for strategy in strategies[:2])
    assert oracle.restored_mse == oracle.blurred_mse == blind.blurred_mse
    assert blind.restored_mse is not None
    assert blind.restored_mse > 2 * oracle.blurred_mse
