"""Files that are all there or not there at all, whoever is killed while writing."""

from __future__ import annotations

import multiprocessing
import os
import signal
from pathlib import Path

import pytest

from blurbench.store.artifacts import STATE
from blurbench.store.files import building, is_regular, utf8_path, write_atomically
from blurbench.store.store import Store
from tests.store.conftest import KEY, METADATA, save


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


def test_readers_see_the_old_content_or_the_new_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "a*[1]"
    write_atomically(path, "old")
    with pytest.raises(UnicodeEncodeError):
        write_atomically(path, "half\ud800")
    assert path.read_text() == "old"
    write_atomically(path, b"new")
    assert [(one.name, one.read_text()) for one in path.parent.iterdir()] == [("a*[1]", "new")]


def test_what_somebody_else_placed_meanwhile_stays(tmp_path: Path) -> None:
    final = tmp_path / "final"
    with building(final, final.is_dir) as folder:
        (folder / "mine").touch()
        final.mkdir()
        (final / "theirs").touch()
    assert [path.name for path in tmp_path.rglob("*")] == ["final", "theirs"]


def test_a_pipe_and_a_folder_are_no_plain_files(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    os.mkfifo(tmp_path / "pipe")
    assert is_regular(tmp_path / "file")
    assert not any(map(is_regular, (tmp_path / "pipe", tmp_path, tmp_path / "nowhere")))


def test_a_folder_whose_name_is_no_utf_8_is_reached_by_one_that_is(tmp_path: Path) -> None:
    odd = tmp_path / os.fsdecode(b"\xff")
    odd.mkdir()
    (odd / "file").write_text("here")
    with utf8_path(odd) as path:
        assert (path / "file").read_text() == "here"
        str(path).encode()
    assert not path.exists()
