"""A copy of a results folder in which a small suite has run."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from blurbench.store.record import Manifest, Record
from blurbench.store.store import Store

BOARD = "smoke.v1.quick"


@pytest.fixture
def store(smoked: Path, tmp_path: Path) -> Store:
    shutil.copytree(smoked, tmp_path / "results")
    return Store(tmp_path / "results")


def manifest_of(store: Store) -> Manifest:
    manifest = store.records.board(BOARD)
    assert manifest is not None
    return manifest


def first(store: Store) -> Record:
    record = store.records.get(manifest_of(store).lines[0].key)
    assert record is not None
    return record
