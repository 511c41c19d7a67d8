"""What the store can make again, it makes again: damaged images and artifacts cost time, never a cell."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.running.tiny import differences, records, write_suite

RESULTS = "blurbench-results"
Damage = Callable[[Path], None]


def run(folder: Path, results: Path | str = RESULTS) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        "-c",
        "from blurbench.cli import main; main()",
        "run",
        "--suite",
        "./tiny.toml",
        "-j",
        "1",
    ]
    return subprocess.run(
        [*command, "--out", str(results)], cwd=folder, capture_output=True, text=True, timeout=240, check=False
    )


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which a tiny suite has run, and its records were taken away: all else is still there."""
    folder = tmp_path_factory.mktemp("whole")
    write_suite(folder, ("plain",))
    done = run(folder)
    assert done.returncode == 0, done.stderr
    (folder / "records.json").write_text(json.dumps(records(folder / RESULTS)))
    for path in (folder / RESULTS / "records").glob("*/*.json"):
        path.unlink()
    return folder


# --- artifacts -----------------------------------------------------------------------------------------------------


def _rewritten(folder: Path, metadata: Any) -> None:
    (folder / "artifact.json").write_text(json.dumps(metadata))


def _vouched_for(folder: Path) -> None:
    """Have the metadata state the checksum of the tensors as they are."""
    import hashlib

    metadata = json.loads((folder / "artifact.json").read_text())
    digest = hashlib.sha256((folder / "state.safetensors").read_bytes()).hexdigest()
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
    "damage", [truncated, endless_header, not_finite, pickled, a_list, empty, a_file, a_link, a_pipe]
)
def test_an_artifact_that_is_damaged_is_fitted_again(whole: Path, tmp_path: Path, damage: Damage) -> None:
    folder = shutil.copytree(whole, tmp_path / "own")
    (artifact,) = (folder / RESULTS / "artifacts").glob("[0-9a-f]*")
    damage(artifact)
    done = run(folder)
    assert done.returncode == 0, done.stderr
    assert not differences(records(folder / RESULTS), json.loads((whole / "records.json").read_text()))


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


@pytest.mark.parametrize(
    "damage", [cut, nothing, of_another_shape, a_pickle, another_fingerprint, other_pixels, no_description]
)
def test_decoded_images_that_are_damaged_are_decoded_again(whole: Path, tmp_path: Path, damage: Damage) -> None:
    folder = shutil.copytree(whole, tmp_path / "own")
    (data,) = (folder / RESULTS / "data").glob("[0-9a-f]*")
    damage(data)
    done = run(folder)
    assert done.returncode == 0, done.stderr
    assert not differences(records(folder / RESULTS), json.loads((whole / "records.json").read_text()))


# --- names ---------------------------------------------------------------------------------------------------------


def test_a_results_folder_may_have_a_name_that_is_no_utf_8(whole: Path, tmp_path: Path) -> None:
    write_suite(tmp_path, ("plain",))
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/r\xe9sultats"))
    done = run(tmp_path, folder)
    assert done.returncode == 0, done.stderr
    assert not differences(records(folder), json.loads((whole / "records.json").read_text()))
