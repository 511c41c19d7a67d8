"""`blurbench submit`: what would be sent is listed, and written only where that is asked for."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from blurbench.cli.app import app
from blurbench.errors import UsageError


def submit(out: Path, *more: str) -> Result:
    result = CliRunner().invoke(app, ["submit", "--out", str(out), *more])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_what_a_bundle_would_hold_is_listed_and_nothing_is_written(smoked: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in smoked.rglob("*")}
    lines = submit(smoked).stdout.splitlines()
    assert [line for line in lines if line.startswith("records: 24 files, ")]
    assert lines[-1].endswith("`--write FILE.zip` makes it.")
    assert {path: path.stat().st_mtime_ns for path in smoked.rglob("*")} == before


def test_a_bundle_is_a_zip_file(smoked: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"bundle\.tar does not end in \.zip"):
        submit(smoked, "--write", str(tmp_path / "bundle.tar"))
    assert list(tmp_path.iterdir()) == []


def test_a_board_of_which_nothing_is_stored_has_nothing_to_submit(smoked: Path, tmp_path: Path) -> None:
    out = shutil.copytree(smoked, tmp_path / "results")
    shutil.rmtree(out / "records")
    with pytest.raises(UsageError, match="there is nothing to submit: 24 "):
        submit(out)
