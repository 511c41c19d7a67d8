"""A results folder, and an artifact to be put into it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from blurbench.store.artifacts import STATE
from blurbench.store.store import Store

KEY = "ab" * 16
METADATA = {"kind": "predictor", "config": {}, "notes": {"epochs": 3}, "seconds": 1.0, "images_seen": 100}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(tmp_path / "results")
    store.create()
    return store


def save(text: str) -> Any:
    return lambda folder: (folder / STATE).write_text(text)
