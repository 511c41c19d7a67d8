"""Where users keep things, only files that blurbench wrote are replaced, whatever command writes."""

from __future__ import annotations

import io
import os
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from blurbench.errors import UsageError
from blurbench.store.written import write_all
from tests.conftest import Command

Contents = dict[Path, bytes]


def contents(folder: Path) -> Contents:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def somebody_elses_zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        packed.writestr("manifest.json", '{"manifest_version": 3, "name": "an extension of a browser"}')
    return buffer.getvalue()


def a_picture() -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64), np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


# Of each command: a file that is in its way, what the user keeps in it, and how the command is called.
IN_THE_WAY = {
    "published front page": ("README.md", b"# My project\n", ("leaderboard", "render", "--publish", ".")),
    "published page": (
        "index.html",
        b"<!doctype html><title>Mine</title>",
        ("leaderboard", "render", "--publish", "."),
    ),
    "published board": ("smoke.v1.quick.json", b'{"my": 1}', ("leaderboard", "render", "--publish", ".")),
    "bundle": ("mine.zip", somebody_elses_zip(), ("submit", "--write", "mine.zip")),
    "bundle in place of a text": ("mine.zip", b"no zip at all", ("submit", "--write", "mine.zip")),
    "map": ("maps/a-png.sigma.png", a_picture(), ("probe", "photos", "--map", "--out", "maps")),
    "histogram": ("photos/sigma-histogram.png", a_picture(), ("probe", "photos", "--map", "--out", "photos")),
    "timings": ("fast.md", b"# Notes\n", ("time", "--quick", "--only", "blur", "--sizes", "M", "--out", "fast.md")),
    "timings beside": ("fast.json", b"[]", ("time", "--quick", "--only", "blur", "--sizes", "M", "--out", "fast.md")),
    "report of a GPU": ("gpu/log.txt", b"my log\n", ("gpu", "--device", "cpu", "--minutes", "1", "--out", "gpu")),
    "results": ("records/song.txt", b"music\n", ("run", "--suite", "smoke", "--out", ".")),
}


@pytest.mark.parametrize("case", IN_THE_WAY)
def test_a_file_of_the_users_own_stays_and_nothing_is_written(
    smoked: Path, blurbench: Command, tmp_path: Path, case: str
) -> None:
    name, content, arguments = IN_THE_WAY[case]
    if case not in ("results", "map", "histogram"):
        shutil.copytree(smoked, tmp_path / "blurbench-results")
    if arguments[0] == "probe":
        (tmp_path / "photos").mkdir()
        (tmp_path / "photos" / "a.png").write_bytes(a_picture())
    (tmp_path / "own.txt").write_text("mine")
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_bytes(content)
    before = contents(tmp_path)

    done = blurbench(*arguments)

    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert "was not written by blurbench, so it stays" in done.stderr or "holds other files" in done.stderr
    assert contents(tmp_path) == before


def test_what_blurbench_wrote_is_replaced(smoked: Path, blurbench: Command, tmp_path: Path) -> None:
    shutil.copytree(smoked, tmp_path / "blurbench-results")
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.png").write_bytes(a_picture())
    for arguments in (
        ("leaderboard", "render", "--publish", "published"),
        ("submit", "--write", "bundle.zip"),
        ("probe", "photos", "--map"),
    ):
        assert blurbench(*arguments).returncode == 0
        before = contents(tmp_path)
        assert blurbench(*arguments).returncode == 0
        assert contents(tmp_path) == before


@pytest.mark.parametrize("name", ["README.md", "board.csv", "bundle.zip", "chart.png", "page.html"])
def test_links_folders_and_pipes_are_never_replaced(tmp_path: Path, name: str) -> None:
    (tmp_path / "target").write_text("")
    for made in (
        lambda path: path.symlink_to(tmp_path / "target"),
        lambda path: path.symlink_to(tmp_path / "nowhere"),
        Path.mkdir,
        os.mkfifo,
    ):
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        folder.mkdir()
        made(folder / name)
        with pytest.raises(UsageError, match="was not written by blurbench"):
            write_all(folder, {"other.md": "new", name: "new"})
        assert [path.name for path in folder.iterdir()] == [name]
        assert (tmp_path / "target").read_text() == ""


def test_all_files_are_written_or_none(tmp_path: Path) -> None:
    (tmp_path / "papers").write_text("a file where a folder is wanted")
    with pytest.raises(UsageError, match="nothing is written"):
        write_all(tmp_path, {"README.md": "new", "papers/one.md": "new"})
    assert [path.name for path in tmp_path.iterdir()] == ["papers"]
