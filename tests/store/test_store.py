"""The results folder shows whole things or nothing, whatever happens to the process that writes."""

from __future__ import annotations

import io
import json
import multiprocessing
import os
import signal
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from blurbench.errors import UsageError
from blurbench.store.artifacts import STATE
from blurbench.store.files import write_atomically
from blurbench.store.record import Record, read
from blurbench.store.store import Store
from tests.store.test_record import content

KEY = "ab" * 16
METADATA = {"kind": "predictor", "config": {}, "notes": {"epochs": 3}, "seconds": 1.0, "images_seen": 100}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(tmp_path / "results")
    store.create()
    return store


def save(text: str) -> Any:
    return lambda folder: (folder / STATE).write_text(text)


def test_a_record_comes_back_as_it_was_put(store: Store) -> None:
    record: Record = read(Record, content(), "")
    store.records.put(record)
    assert store.records.get(KEY) == record


def test_a_damaged_or_misplaced_record_counts_as_none(store: Store) -> None:
    store.records.put(read(Record, content(), ""))
    store.records.path(KEY).write_text(content()[:-20])
    assert store.records.get(KEY) is None
    other = "cd" * 16
    write_atomically(store.records.path(other), content())
    assert store.records.get(other) is None, "its content belongs to another key"


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


def test_a_folder_of_the_users_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / ".gitignore").write_text("mine")
    with pytest.raises(UsageError, match="holds other files"):
        Store(tmp_path / "project").create()
    assert [path.name for path in (tmp_path / "project").iterdir()] == [".gitignore"]


def test_an_artifact_whose_writer_fails_leaves_nothing(store: Store) -> None:
    def fail(path: Path) -> None:
        (path / STATE).write_text("half")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        store.artifacts.put(KEY, {}, fail)
    assert list((store.root / "artifacts").iterdir()) == []


def _killed_while_writing(root: Path) -> None:
    def stop_here(path: Path) -> None:
        (path / STATE).write_text("half")
        os.kill(os.getpid(), signal.SIGKILL)

    Store(root).artifacts.put(KEY, {}, stop_here)


def test_what_a_killed_writer_left_is_never_seen_and_is_cleared_away(store: Store) -> None:
    process = multiprocessing.get_context("spawn").Process(target=_killed_while_writing, args=(store.root,))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert store.artifact(KEY) is None
    assert not store.has_artifact(KEY)
    assert len(list((store.root / "artifacts").iterdir())) == 1, "the half-written folder"
    store.artifacts.put(KEY, METADATA, save("weights"))
    assert [path.name for path in (store.root / "artifacts").iterdir()] == [KEY]


def _hold(root: Path, seconds: float) -> None:
    with Store(root).locked(KEY):
        (root / "held").touch()
        time.sleep(seconds)


@pytest.mark.parametrize("kill", [False, True])
def test_a_lock_is_waited_for_and_freed_by_its_holders_end(store: Store, kill: bool) -> None:
    process = multiprocessing.get_context("spawn").Process(target=_hold, args=(store.root, 600 if kill else 1.5))
    process.start()
    while not (store.root / "held").exists():
        time.sleep(0.02)
    waits = []

    def waiting() -> None:
        waits.append(1)
        if kill:
            process.kill()

    with store.locked(KEY, waiting):
        assert waits
    process.join()


def test_a_folder_that_cannot_be_written_to_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="cannot write to the results folder"):
        Store(tmp_path / "file" / "results").create()


# --- samples -------------------------------------------------------------------------------------------------------

WANTED = ("clean", "blurred")


def image(dtype: type = np.uint8, size: int = 4, channels: int = 1) -> NDArray[Any]:
    return np.zeros((2, channels, size, size), dtype)


def a_pipe(path: Path) -> None:
    os.mkfifo(path)


def an_empty_zip(path: Path) -> None:
    zipfile.ZipFile(path, "w").close()


def a_part(path: Path) -> None:
    np.savez(path, clean=image(), blurred=image())
    path.write_bytes(path.read_bytes()[:200])


def larger_than_memory(path: Path) -> None:
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "|u1", "fortran_order": False, "shape": (2**58, 1, 4, 4)})
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("clean.npy", header.getvalue())


@pytest.mark.parametrize(
    "damage",
    [
        a_pipe,
        an_empty_zip,
        a_part,
        larger_than_memory,
        lambda path: np.savez(path, clean=image()),
        lambda path: np.savez(path, clean=image(), blurred=image(np.float64)),
        lambda path: np.savez(path, clean=image(), blurred=image(size=5)),
        lambda path: np.savez(path, clean=image(), blurred=image(channels=5)),
        lambda path: np.savez(path, clean=image(), blurred=image()[:0]),
        lambda path: np.savez(path, clean=image(), blurred=np.uint8(3)),
        lambda path: np.savez(path, clean=image(), blurred=np.array([{"a": 1}], object)),
    ],
)
def test_samples_that_cannot_be_shown_count_as_none(store: Store, damage: Callable[[Path], None]) -> None:
    store.put_samples(KEY, {"clean": image(), "blurred": image()})
    assert set(store.samples(KEY, WANTED)) == set(WANTED)
    path = store.root / "samples" / f"{KEY}.npz"
    path.unlink()
    damage(path)
    assert store.samples(KEY, WANTED) == {}
