"""`blurbench data`."""

from __future__ import annotations

import json
from pathlib import Path

from tests.conftest import Command


def test_what_ships_with_the_package_is_here_before_anything_was_downloaded(blurbench: Command, tmp_path: Path) -> None:
    result = blurbench("data", "fetch", "digits", XDG_CACHE_HOME=str(tmp_path / "cache"))
    assert (result.returncode, result.stdout, result.stderr) == (0, "digits: already here\n", "")
    assert not (tmp_path / "cache" / "blurbench" / "data").exists()


def test_data_ls_as_json_says_the_same_as_its_table(blurbench: Command, tmp_path: Path) -> None:
    nowhere = {"BLURBENCH_DATA": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)}
    found = {one["name"]: one for one in json.loads(blurbench("data", "ls", "--json", **nowhere).stdout)}
    lines = blurbench("data", "ls", **nowhere).stdout.splitlines()
    assert {name: one["state"] for name, one in found.items()} == {
        line.split()[0]: line.split()[1] for line in lines if not line.startswith(" ")
    }
    assert found["usps"]["state"] == "missing"
    assert "blurbench data fetch usps" in found["usps"]["reason"]
    assert (found["digits"]["reason"], found["mnist"]["files"]) == ("", [])
    assert found["mnist-5k"]["lineage"]
    assert found["with-classes"]["reason"] == "it is what its parameters make of it: give base and names"


def test_data_ls_says_what_is_here_and_how_to_get_the_rest(blurbench: Command, tmp_path: Path) -> None:
    lines = blurbench("data", "ls", BLURBENCH_DATA=str(tmp_path), XDG_CACHE_HOME=str(tmp_path)).stdout.splitlines()
    states = {line.split()[0]: line.split()[1] for line in lines if not line.startswith(" ")}
    assert states["digits"] == states["mnist-5k"] == states["glyphs"] == states["photo-crops"] == "here"
    assert states["mnist"] == states["usps"] == states["emnist-balanced"] == "missing"
    assert any("blurbench data fetch mnist" in line for line in lines)
