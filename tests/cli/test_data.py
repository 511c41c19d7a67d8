"""`blurbench data`."""

from __future__ import annotations

from pathlib import Path

from tests.conftest import Command


def test_what_ships_with_the_package_is_here_before_anything_was_downloaded(blurbench: Command, tmp_path: Path) -> None:
    result = blurbench("data", "fetch", "digits", XDG_CACHE_HOME=str(tmp_path / "cache"))
    assert (result.returncode, result.stdout, result.stderr) == (0, "digits: already here\n", "")
    assert not (tmp_path / "cache" / "blurbench" / "data").exists()
