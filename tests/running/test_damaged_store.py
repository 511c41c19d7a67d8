"""What the store can make again, it makes again: damaged images and artifacts cost time, never a cell."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import struct
from collections.abc import Callable
from contextlib import chdir
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from blurbench.running.runtime import WorkerRuntime
from blurbench.running.session import Request, Session
from tests.conftest import Command
from tests.running.tiny import differences, records, write_suite

Damage = Callable[[Path], None]


def measured(folder: Path) -> dict[str, dict[str, Any]]:
    """The records of a tiny suite, measured in this process, from what the folder holds."""
    session = Session(Request("./tiny.toml", out=folder))
    session.store.create()
    runtime = WorkerRuntime(session.registry, session.store, torch.device("cpu"), lambda: None)
    for task in session.outstanding("missing").values():
        if not task.wants_quiet:
            task.run(runtime, force=False)
    return records(folder)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which a tiny suite was measured, and its records were taken away: all else is still there."""
    place = tmp_path_factory.mktemp("whole")
    write_suite(place, ("plain",))
    with chdir(place):
        (place / "records.json").write_text(json.dumps(measured(place / "results")))
    for path in (place / "results" / "records").glob("*/*.json"):
        path.unlink()
    return place


@pytest.fixture
def results(whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of that folder, to be damaged."""
    monkeypatch.chdir(shutil.copytree(whole, tmp_path / "own"))
    return tmp_path / "own" / "results"


def as_it_was(whole: Path) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = json.loads((whole / "records.json").read_text())
    return found


# --- artifacts -----------------------------------------------------------------------------------------------------


def _rewritten(folder: Path, metadata: Any) -> None:
    (folder / "artifact.json").write_text(json.dumps(metadata))


def _vouched_for(folder: Path) -> None:
    """Have the metadata state the checksum of the tensors as they are."""
    import hashlib

    metadata = json.loads((folder / "artifact.json").read_text())
    digest = hashlib.sha256((folder / "state.safetensors").read_bytes()).hexdigest()
    del metadata["seal"]
    _rewritten(folder, {**metadata, "sha256": digest})


def truncated(folder: Path) -> None:
    path = folder / "state.safetensors"
    path.write_bytes(path.read_bytes()[:100])
    _vouched_for(folder)


def endless_header(folder: Path) -> None:
    (folder / "state.safetensors").write_bytes(struct.pack("<Q", 2**62) + b"{}")
    _vouched_for(folder)


def not_finite(folder: Path) -> None:
    tensors = load_file(folder / "state.safetensors")
    name = next(name for name, tensor in tensors.items() if tensor.is_floating_point())
    save_file({**tensors, name: torch.full_like(tensors[name], float("nan"))}, folder / "state.safetensors")
    _vouched_for(folder)


def pickled(folder: Path) -> None:
    (folder / "state.safetensors").write_bytes(pickle.dumps({"weights": [1.0]}))
    _vouched_for(folder)


def other_numbers(folder: Path) -> None:
    metadata = json.loads((folder / "artifact.json").read_text())
    _rewritten(folder, {**metadata, "images_seen": metadata["images_seen"] + 1})


def a_list(folder: Path) -> None:
    _rewritten(folder, [1, 2, 3])


def empty(folder: Path) -> None:
    (folder / "artifact.json").write_text("")


def a_file(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.write_text("not a folder")


def a_link(folder: Path) -> None:
    shutil.move(folder, folder.with_name("elsewhere"))
    folder.symlink_to(folder.with_name("elsewhere"), target_is_directory=True)


def a_pipe(folder: Path) -> None:
    (folder / "state.safetensors").unlink()
    os.mkfifo(folder / "state.safetensors")


@pytest.mark.parametrize(
    "damage", [truncated, endless_header, not_finite, pickled, other_numbers, a_list, empty, a_file, a_link, a_pipe]
)
def test_an_artifact_that_is_damaged_is_fitted_again(whole: Path, results: Path, damage: Damage) -> None:
    (artifact,) = (results / "artifacts").glob("[0-9a-f]*")
    damage(artifact)
    assert not differences(measured(results), as_it_was(whole))


# --- decoded images ------------------------------------------------------------------------------------------------


def cut(folder: Path) -> None:
    path = folder / "test-images.npy"
    path.write_bytes(path.read_bytes()[:200])


def nothing(folder: Path) -> None:
    (folder / "train-images.npy").write_bytes(b"")


def of_another_shape(folder: Path) -> None:
    np.save(folder / "test-images.npy", np.zeros((3, 1, 4, 4), np.uint8))


def a_pickle(folder: Path) -> None:
    np.save(folder / "test-labels.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)


def another_fingerprint(folder: Path) -> None:
    about = json.loads((folder / "about.json").read_text())
    (folder / "about.json").write_text(json.dumps({**about, "fingerprint": "0" * 64}))


def other_pixels(folder: Path) -> None:
    images = np.load(folder / "test-images.npy")
    np.save(folder / "test-images.npy", 255 - images)


def no_description(folder: Path) -> None:
    (folder / "about.json").write_text("{}")


def a_pipe_for_its_description(folder: Path) -> None:
    (folder / "about.json").unlink()
    os.mkfifo(folder / "about.json")


@pytest.mark.parametrize(
    "damage",
    [
        cut,
        a_pipe_for_its_description,
        nothing,
        of_another_shape,
        a_pickle,
        another_fingerprint,
        other_pixels,
        no_description,
    ],
)
def test_decoded_images_that_are_damaged_are_decoded_again(whole: Path, results: Path, damage: Damage) -> None:
    (data,) = (results / "data").glob("[0-9a-f]*")
    damage(data)
    assert not differences(measured(results), as_it_was(whole))


# --- names ---------------------------------------------------------------------------------------------------------


def test_a_results_folder_may_have_a_name_that_is_no_utf_8(
    whole: Path, results: Path, blurbench: Command, tmp_path: Path
) -> None:
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/r\xe9sultats"))
    done = blurbench("run", "--suite", "own/tiny.toml", "--out", str(folder), "-j", "1")
    assert done.returncode == 0, done.stderr
    assert not differences(records(folder), as_it_was(whole))
