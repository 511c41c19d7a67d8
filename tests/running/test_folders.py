"""Where data sets lie."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from blurbench.errors import UsageError
from blurbench.running.folders import data_folders


def test_folders_that_are_given_come_before_those_of_the_environment_and_the_cache_last(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("BLURBENCH_DATA", os.pathsep.join(["~/one", "", "/two"]))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in ("given", "and"):
        (tmp_path / name).mkdir()
    cache = tmp_path / "cache" / "blurbench" / "data"
    named = tmp_path / "given", tmp_path / "and"
    assert data_folders((Path("~/given"), named[1])) == (*named, tmp_path / "one", Path("/two"), cache)
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert data_folders()[-1] == tmp_path / ".cache" / "blurbench" / "data"


def test_a_given_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match=r"--data-dir .*file is not a folder"):
        data_folders((tmp_path / "file",))
