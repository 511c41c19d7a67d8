"""Measuring a cell: rows that restore alike share what was restored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import blurbench_strategies.deblur_then_classify as deblurring
import pytest
import torch
from torch import nn

from blurbench.contract import Shape
from blurbench.matrix.tasks import Task
from blurbench.measurements.accuracy.measure import _any_said
from blurbench.registry import Registry
from blurbench.running.runtime import WorkerRuntime
from blurbench.running.session import Request, Session
from tests.running.tiny import differences, records, write_suite

STRATEGIES = (
    "plain",
    "deblur-then-classify[restorer=wiener]",
    "deblur-then-classify[restorer=wiener, classifier=clean]",
    "deblur-then-classify[restorer=unet[widths=[2, 4, 4]]]",
    "deblur-then-classify[restorer=unet[widths=[2, 4, 4]], classifier=clean]",
    "deblur-joint[restorer=unet[widths=[2, 4, 4]]]",
)
BLURS = ("none", "gaussian[sigma=2]")


def tasks(session: Session) -> Iterator[Task]:
    return (task for task in session.outstanding("missing").values() if not task.wants_quiet)


def runtime(session: Session) -> WorkerRuntime:
    return WorkerRuntime(session.registry, session.store, torch.device("cpu"), lambda: None)


@pytest.fixture
def restored(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How many images each restorer was given at prediction."""
    counts: Counter[str] = Counter()
    restore = deblurring.RestoringPredictor.restore

    def counted(self: deblurring.RestoringPredictor, degraded: Any) -> torch.Tensor:
        counts[type(self.restorer).__name__] += len(degraded.images)
        return restore(self, degraded)

    monkeypatch.setattr(deblurring.RestoringPredictor, "restore", counted)
    return counts


def test_images_that_several_rows_restore_alike_are_restored_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, restored: Counter[str]
) -> None:
    write_suite(tmp_path, STRATEGIES, BLURS)
    monkeypatch.chdir(tmp_path)
    shared, alone = (Session(Request("./tiny.toml", out=Path(name))) for name in ("shared", "alone"))
    shared.store.create()
    one = runtime(shared)
    for task in tasks(shared):
        task.run(one, force=False)
    # 60 images and two blurs; two rows share the fitted network, that of `deblur-joint` is its own; each cell's
    # multiply-accumulates are counted over 8 images more.
    assert restored == {"Wiener": 2 * 60 + 4 * 8, "Unet": 4 * 60 + 6 * 8}
    restored.clear()
    alone.store.create()
    for task in tasks(alone):
        task.run(runtime(alone), force=False)
    assert restored == {"Wiener": 4 * 60 + 4 * 8, "Unet": 6 * 60 + 6 * 8}
    assert not differences(records(tmp_path / "shared"), records(tmp_path / "alone"))


def test_a_classifier_that_works_in_place_changes_no_other_rows_restored_images(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_suite(tmp_path, STRATEGIES[:3], BLURS)
    monkeypatch.chdir(tmp_path)
    right, spoilt = (Session(Request("./tiny.toml", out=Path(name))) for name in ("right", "spoilt"))
    right.store.create()
    for task in tasks(right):
        task.run(runtime(right), force=False)
    classify = deblurring.RestoringPredictor.classify

    def in_place(self: deblurring.RestoringPredictor, images: torch.Tensor) -> torch.Tensor:
        logits = classify(self, images)
        images.zero_()
        return logits

    monkeypatch.setattr(deblurring.RestoringPredictor, "classify", in_place)
    spoilt.store.create()
    one = runtime(spoilt)
    for task in tasks(spoilt):
        task.run(one, force=False)
    assert not differences(records(tmp_path / "right"), records(tmp_path / "spoilt"))


LAYERS = (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)


def by_hand(network: nn.Module, shape: tuple[int, ...]) -> tuple[int, int]:
    """Parameters, and the multiplications of its layers for one image."""
    counts: list[int] = []

    def count(layer: nn.Module, given: Any, made: torch.Tensor) -> None:
        assert isinstance(layer, LAYERS)
        counts.append(
            layer.weight.numel() * (given[0] if isinstance(layer, nn.ConvTranspose2d) else made)[0, 0].numel()
        )

    layers = [layer for layer in network.modules() if isinstance(layer, LAYERS)]
    handles = [layer.register_forward_hook(count) for layer in layers]
    network.eval()(torch.rand(1, *shape))
    for handle in handles:
        handle.remove()
    return sum(parameter.numel() for parameter in network.parameters()), sum(counts)


def test_each_network_that_runs_is_counted_once_and_for_one_image(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, registry: Registry
) -> None:
    behind = "deblur-then-classify[restorer=unet[widths=[2, 4, 4]], classifier=clean]"
    write_suite(tmp_path, ("plain", behind), BLURS)
    monkeypatch.chdir(tmp_path)
    session = Session(Request("./tiny.toml", out=tmp_path / "results"))
    session.store.create()
    one = runtime(session)
    for task in tasks(session):
        task.run(one, force=False)
    shape = Shape(1, 16, 16)
    classifier = registry.resolve("classifiers", "cnn3[widths=[4, 8, 8]]").build(shape, 10)
    restorer = registry.resolve("restorers", "unet[widths=[2, 4, 4]]").build(shape)
    own, others = (by_hand(network, (1, 16, 16)) for network in (classifier, restorer))
    for cell in session.plan.cells:
        record = session.store.records.get(cell.key)
        assert record is not None
        cost = record.accuracy.cost
        assert cost.macs is not None
        expected = own if cell.labels["strategy"] == "plain" else tuple(map(sum, zip(own, others, strict=True)))
        assert cost.parameters == expected[0]
        assert cost.macs == expected[1]


def test_one_fit_that_was_still_improving_is_told_beside_others_that_ended() -> None:
    assert _any_said([False, True, None]) is True
    assert _any_said([False, None]) is False
    assert _any_said([None]) is None
