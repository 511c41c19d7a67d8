"""What the tests of several commands share: the boards, and results that somebody forged."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from blurbench.store.record import Record
from blurbench.store.store import Store

BOARD = "smoke.v1.quick"
READING = "kernel-estimation.v1.quick"


@pytest.fixture
def forged(smoked: Path, tmp_path: Path) -> tuple[Path, Record]:
    """A results folder where one record's labels were changed with its predictions, and it says what it should not."""
    shutil.copytree(smoked, tmp_path / "forged")
    store = Store(tmp_path / "forged")
    manifest = store.records.board(BOARD)
    assert manifest is not None
    line = next(line for line in manifest.lines if (line["strategy"], line["test_blur"]) == ("retrain", "gaussian-2"))
    record = store.records.get(line.key)
    assert record is not None
    images = record.accuracy.images
    lists = {name: [(n + 1) % 10 for n in getattr(images, name)] for name in ("label", "predicted")}
    result = record.accuracy.model_copy(update={"images": images.model_copy(update=lists)})
    record = record.model_copy(update={"result": result})
    store.records.put(record)
    return tmp_path / "forged", record
