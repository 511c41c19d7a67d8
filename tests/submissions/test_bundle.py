"""One zip file, the same bytes for the same results, read within limits."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from blurbench.errors import RecordError
from blurbench.submissions.bundle import BOARD_FILE, pack, unpack
from tests.builders import Board

NAME = f"records/{'ab' * 16}.json"
FILES = {NAME: b"{}", f"timings/{'cd' * 16}.json": b"[]"}


@pytest.fixture
def packed() -> bytes:
    board = Board()
    board.cell("gaussian-2", "plain", hits="10")
    return pack(board.manifest, [{"python": "3.11"}], FILES)


def changed(packed: bytes, path: Path, *, without: str = "", **files: bytes) -> Path:
    """The bundle with other files in it."""
    whole = zipfile.ZipFile(io.BytesIO(packed))
    with zipfile.ZipFile(path, "w") as other:
        for name, content in {**{name: whole.read(name) for name in whole.namelist()}, **files}.items():
            if name != without:
                other.writestr(name, content)
    return path


def test_what_is_packed_comes_back_and_names_no_time_and_no_user(packed: bytes, tmp_path: Path) -> None:
    (tmp_path / "bundle.zip").write_bytes(packed)
    contents, files = unpack(tmp_path / "bundle.zip")
    assert files == FILES
    assert (contents.board.suite, contents.environments) == ("mini", [{"python": "3.11"}])
    entries = zipfile.ZipFile(io.BytesIO(packed)).infolist()
    assert {(entry.date_time, entry.external_attr, entry.create_system) for entry in entries} == {
        ((1980, 1, 1, 0, 0, 0), 0o644 << 16, 3)
    }


@pytest.mark.parametrize(
    ("files", "without", "says"),
    [
        ({NAME: b"{ }"}, "", "its checksum is not the one in manifest.json"),
        ({}, NAME, f"{NAME} is missing"),
        ({f"records/{'ef' * 16}.json": b"{}"}, "", "is not listed in manifest.json"),
        ({}, BOARD_FILE, "it holds no manifest.json"),
        ({"../evil.json": b"{}"}, "", "is no name of a file in a bundle"),
    ],
)
def test_what_is_not_as_its_manifest_says_is_refused(
    packed: bytes, tmp_path: Path, files: dict[str, bytes], without: str, says: str
) -> None:
    with pytest.raises(RecordError, match=says):
        unpack(changed(packed, tmp_path / "bundle.zip", without=without, **files))


def test_what_is_no_zip_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bundle.zip").write_bytes(b"PK and more")
    with pytest.raises(RecordError, match="it is not a bundle that can be read: no zip file"):
        unpack(tmp_path / "bundle.zip")
