"""`blurbench export` as a user types it; what is in the file is held against a board in tests/takeaway."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner, Result

from blurbench.cli.app import app
from blurbench.errors import UsageError


def export(smoked: Path, file: Path) -> Result:
    chosen = ("--classifier", "cnn3[widths=[8, 16, 16]]", "--out", str(smoked))
    return CliRunner().invoke(app, ["export", "plain", str(file), *chosen])


def test_it_says_where_the_file_and_its_card_are_and_how_far_the_file_is_from_what_was_measured(
    smoked: Path, tmp_path: Path
) -> None:
    said = export(smoked, tmp_path / "remedy.pt2").stdout
    assert said.startswith(f"{tmp_path / 'remedy.pt2'}: takes any number of images at a time; on ")
    assert said.endswith(f"What was measured of it: {tmp_path / 'remedy.md'}\n")
    assert {path.name for path in tmp_path.iterdir()} == {"remedy.pt2", "remedy.md"}


def test_a_file_of_another_kind_is_refused(smoked: Path, tmp_path: Path) -> None:
    error = export(smoked, tmp_path / "remedy.h5").exception
    assert isinstance(error, UsageError)
    assert "remedy.h5" in str(error)
    assert list(tmp_path.iterdir()) == []
