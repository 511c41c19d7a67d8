"""Artifacts are whole or not there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from blurbench.store.artifacts import STATE
from blurbench.store.store import Store
from tests.store.conftest import KEY, METADATA, save


def test_an_artifact_comes_back_with_what_was_said_of_it(store: Store) -> None:
    store.artifacts.put(KEY, METADATA, save("weights"))
    about = store.artifact(KEY)
    assert about is not None
    assert about["notes"] == {"epochs": 3}
    assert (store.artifacts.path(KEY) / STATE).read_text() == "weights"


@pytest.mark.parametrize("notes", [{"loss": float("nan")}, {"levels": (1, 2)}, {"by_epoch": {10: 0.5, 9: 0.1}}])
def test_whatever_a_fit_notes_an_artifact_comes_back(store: Store, notes: dict[str, Any]) -> None:
    store.artifacts.put(KEY, {**METADATA, "notes": notes}, save("weights"))
    assert (about := store.artifact(KEY)) is not None
    assert about["notes"].keys() == json.loads(json.dumps(notes)).keys()


def test_an_artifact_of_before_there_were_seals_is_believed(store: Store) -> None:
    store.artifacts.put(KEY, METADATA, save("weights"))
    path = store.artifacts.path(KEY) / "artifact.json"
    path.write_text(json.dumps({name: value for name, value in json.loads(path.read_text()).items() if name != "seal"}))
    assert store.artifact(KEY) is not None


def test_an_artifact_whose_bytes_changed_counts_as_none_and_can_be_put_again(store: Store) -> None:
    store.artifacts.put(KEY, METADATA, save("weights"))
    (store.artifacts.path(KEY) / STATE).write_text("weighty")
    assert store.artifact(KEY) is None
    store.artifacts.put(KEY, METADATA, save("weights"))
    assert store.artifact(KEY) is not None


def test_an_artifact_of_which_something_else_is_said_than_was_counts_as_none(store: Store) -> None:
    store.artifacts.put(KEY, METADATA, save("weights"))
    path = store.artifacts.path(KEY) / "artifact.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "notes": {"epochs": 30}}))
    assert store.artifact(KEY) is None


def test_an_artifact_that_says_too_little_of_itself_counts_as_none(store: Store) -> None:
    store.artifacts.put(KEY, {"notes": {}}, save("weights"))
    assert store.artifact(KEY) is None


def test_the_artifact_that_is_there_stays_unless_it_is_damaged_or_to_be_replaced(store: Store) -> None:
    store.artifacts.put(KEY, METADATA, save("weights"))
    before = (store.artifacts.path(KEY) / STATE).stat().st_ino
    store.artifacts.put(KEY, METADATA, save("weights"))
    assert (store.artifacts.path(KEY) / STATE).stat().st_ino == before  # others read it where locks do not hold
    store.artifacts.put(KEY, METADATA, save("others"), replacing=True)
    assert (store.artifacts.path(KEY) / STATE).read_text() == "others"
    (store.artifacts.path(KEY) / STATE).write_text("damage")
    store.artifacts.put(KEY, METADATA, save("weights"))
    assert (store.artifacts.path(KEY) / STATE).read_text() == "weights"
    assert store.artifact(KEY) is not None


def test_an_artifact_whose_writer_fails_leaves_nothing(store: Store) -> None:
    def fail(path: Path) -> None:
        (path / STATE).write_text("half")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        store.artifacts.put(KEY, {}, fail)
    assert list((store.root / "artifacts").iterdir()) == []
