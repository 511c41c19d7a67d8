"""The results folder shows whole things or nothing, whatever happens to the process that writes."""

from __future__ import annotations

import io
import multiprocessing
import os
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from blurbench.errors import UsageError
from blurbench.store.store import Store
from tests.store.conftest import KEY


def test_a_folder_of_the_users_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / ".gitignore").write_text("mine")
    with pytest.raises(UsageError, match="holds other files"):
        Store(tmp_path / "project").create()
    assert [path.name for path in (tmp_path / "project").iterdir()] == [".gitignore"]


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
