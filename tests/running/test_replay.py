"""A stored cell can be measured again, and a changed one is found out."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from blurbench.errors import RecordError
from blurbench.registry import Registry
from blurbench.running.replay import Replay, pick, replaying, threads_of
from blurbench.store.artifacts import STATE
from blurbench.store.record import Record
from blurbench.store.store import Store

BOARD = "smoke.v1.quick"


@pytest.fixture
def store(smoked: Path, tmp_path: Path) -> Store:
    shutil.copytree(smoked, tmp_path / "results")
    return Store(tmp_path / "results")


def record_of(store: Store, strategy: str, test_blur: str = "gaussian-2") -> Record:
    manifest = store.records.board(BOARD)
    assert manifest is not None
    line = next(line for line in manifest.lines if (line["strategy"], line["test_blur"]) == (strategy, test_blur))
    record = store.records.get(line.key)
    assert record is not None
    return record


def replayed(registry: Registry, store: Store, record: Record, refit: bool = False) -> Replay:
    with replaying(registry, store, (), "cpu", threads_of([record]), refit) as replayer:
        return replayer.replay(record)


def files(root: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in root.rglob("*")}


@pytest.mark.parametrize("strategy", ["plain", "deblur-unet", "first-n[n=1]"])
def test_a_cell_repeats_from_its_artifacts_and_nothing_is_written(
    registry: Registry, store: Store, strategy: str
) -> None:
    before = files(store.root)
    found = replayed(registry, store, record_of(store, strategy))
    assert (found.agrees, found.judgement) == (True, "0 of 100 predictions changed")
    assert files(store.root) == before


def forged(record: Record, count: int) -> Record:
    """The record with so many answers changed from wrong to right, consistently."""
    result = record.accuracy
    predicted = list(result.images.predicted)
    wrong = [at for at, label in enumerate(result.images.label) if predicted[at] != label][:count]
    assert len(wrong) == count
    for at in wrong:
        predicted[at] = result.images.label[at]
    top1 = result.metrics.top1 + count / len(predicted)
    changes = {
        "images": result.images.model_copy(update={"predicted": predicted}),
        "metrics": result.metrics.model_copy(update={"top1": top1}),
    }
    return record.model_copy(update={"result": result.model_copy(update=changes)})


def test_one_changed_answer_in_a_hundred_is_found_out(registry: Registry, store: Store) -> None:
    found = replayed(registry, store, forged(record_of(store, "retrain"), 1))
    assert not found.agrees
    assert found.judgement == "1 of 100 predictions changed, at most 0.1% may"


@pytest.mark.parametrize(
    ("part", "figure", "says"),
    [
        ("metrics", "restored_psnr", "restored_psnr is stored as 60, measured again "),
        ("cost", "macs", "macs is stored as 60"),
    ],
)
def test_a_forged_figure_beside_the_predictions_is_found_out(
    registry: Registry, store: Store, part: str, figure: str, says: str
) -> None:
    record = record_of(store, "deblur-wiener")
    changed = getattr(record.accuracy, part).model_copy(update={figure: 60})
    result = record.accuracy.model_copy(update={part: changed})
    found = replayed(registry, store, record.model_copy(update={"result": result}))
    assert not found.agrees
    assert found.judgement.startswith("0 of 100 predictions changed, but ")
    assert says in found.judgement


def test_a_refit_needs_no_artifacts_and_finds_a_forged_record_out(registry: Registry, store: Store) -> None:
    shutil.rmtree(store.root / "artifacts")
    record = record_of(store, "plain")
    honest = replayed(registry, store, record, refit=True)
    assert honest.agrees
    found = replayed(registry, store, forged(record, 20), refit=True)
    assert not found.agrees
    assert "one seed is stored, so images only" in found.judgement
    assert "can be told from 0" in found.judgement


def test_a_refit_may_lie_where_one_more_seed_would(registry: Registry, store: Store) -> None:
    record = record_of(store, "plain")
    changed = forged(record, 3)
    for seed, wins in ((1, 0), (2, 2)):
        key = f"{seed}" * 32
        store.records.put(forged(record, wins).model_copy(update={"key": key, "seed": seed}))
    found = replayed(registry, store, changed, refit=True)
    assert found.agrees
    assert "is inside [" in found.judgement
    assert "one more of 3 seeds" in found.judgement


def test_an_artifact_that_is_damaged_or_missing_is_named(registry: Registry, store: Store) -> None:
    for path in (store.root / "artifacts").glob(f"*/{STATE}"):
        path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(RecordError, match=r"the artifact of digits: plain .* is damaged; `--refit` fits it anew"):
        replayed(registry, store, record_of(store, "plain"))
    shutil.rmtree(store.root / "artifacts")
    with pytest.raises(RecordError, match="is not in this results folder"):
        replayed(registry, store, record_of(store, "plain"))


def test_a_record_of_another_revision_says_so(registry: Registry, store: Store) -> None:
    record = record_of(store, "plain")
    strategy = record.axes["strategy"]
    older = strategy.model_copy(update={"config": {**strategy.config, "revision": 99}})
    changed = record.model_copy(update={"axes": {**record.axes, "strategy": older}})
    with pytest.raises(RecordError, match="strategy: made with plain revision 99; installed here: plain revision 1"):
        replayed(registry, store, changed)


def test_a_sample_is_the_same_for_the_same_seed_and_never_empty(store: Store) -> None:
    manifest = store.records.board(BOARD)
    assert manifest is not None
    records = [record for line in manifest.lines if (record := store.records.get(line.key))]
    assert pick(records, 0.25, 0) == pick(records[::-1], 0.25, 0)
    assert len(pick(records, 0.25, 0)) == 6
    assert pick(records, 0.25, 0) != pick(records, 0.25, 1)
    assert len(pick(records, 0.0001, 0)) == 1
    assert pick([], 0.5, 0) == []
