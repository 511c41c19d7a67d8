"""A bundle: a board's measured cells in one zip file, to be sent to others.

    manifest.json            the board, what measured it, and the SHA-256 of every other file
    records/abcd....json     one measured record a cell
    timings/abcd....json     milliseconds an image of the pipelines that the records name

The same results give the same bytes. No folder, user or host name goes in. A bundle that comes in is a stranger's: it
is read in memory, piece by piece and within limits, and nothing is ever unpacked to disk.
"""

from __future__ import annotations

import hashlib
import io
import re
import stat
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from blurbench.errors import RecordError
from blurbench.store.record import Manifest, read

__all__ = ["BOARD_FILE", "MOST_BYTES", "Contents", "pack", "unpack"]

BOARD_FILE = "manifest.json"

MOST_BYTES = 16 * 2**20
"""In one file; a record of 50,000 images has about one."""
MOST_IN_ALL = 2**30
MOST_PACKED = 256 * 2**20
MOST_FILES = 60_000

_NAME = re.compile(r"(?:manifest|(?:records|timings)/[0-9a-f]{16,64})\.json")
_DATE = (1980, 1, 1, 0, 0, 0)


Sum: TypeAlias = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Contents(BaseModel):
    """The manifest of a bundle."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal["blurbench bundle 2"] = "blurbench bundle 2"
    board: Manifest
    environments: Annotated[list[dict[str, Any]], Field(max_length=1000)]
    """What measured the records: versions of blurbench, of plugin packages, of torch; processor, system, threads."""
    files: dict[Annotated[str, Field(pattern=r"^(records|timings)/[0-9a-f]{16,64}\.json$")], Sum]
    """The SHA-256 of each other file."""


def pack(board: Manifest, environments: list[dict[str, Any]], files: Mapping[str, bytes]) -> bytes:
    """The bytes of a bundle; `files` by their names inside it."""
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())}
    contents = Contents(board=board, environments=environments, files=sums)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        _add(packed, BOARD_FILE, contents.model_dump_json(indent=1).encode() + b"\n")
        for name in sums:
            _add(packed, name, files[name])
    return buffer.getvalue()


def _add(packed: zipfile.ZipFile, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(name, _DATE)
    entry.compress_type, entry.external_attr, entry.create_system = zipfile.ZIP_DEFLATED, 0o644 << 16, 3
    packed.writestr(entry, content)


def unpack(path: Path) -> tuple[Contents, dict[str, bytes]]:
    """The manifest and the other files by name, each as its checksum says. Raises RecordError for anything else."""
    try:
        _check_size(path)
        files = dict(_files(path.read_bytes()))
    except (zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, RuntimeError, ValueError) as e:
        raise RecordError(f"it is not a bundle that can be read: {e}") from None
    if BOARD_FILE not in files:
        raise RecordError(f"it holds no {BOARD_FILE}")
    contents: Contents = read(Contents, files.pop(BOARD_FILE), BOARD_FILE)
    _check_sums(contents.files, files)
    return contents, files


def _check_size(path: Path) -> None:
    if (size := path.stat().st_size) > MOST_PACKED:
        raise ValueError(f"{size} bytes, at most {MOST_PACKED} are allowed")


def _files(content: bytes) -> Iterator[tuple[str, bytes]]:
    _check_directory(content)
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        entries, left = packed.infolist(), MOST_IN_ALL
        _check_names(entries)
        for entry in entries:
            _check_entry(entry)
            with packed.open(entry) as file:
                found = file.read(MOST_BYTES + 1)  # whatever size the entry claims
            left -= len(found)
            if len(found) > MOST_BYTES:
                raise ValueError(f"{entry.filename} is larger than {MOST_BYTES} bytes")
            if left < 0:
                raise ValueError(f"it holds more than {MOST_IN_ALL} bytes")
            yield entry.filename, found


def _check_directory(content: bytes) -> None:
    """Look at the number of entries before all of them are read into memory."""
    end = content.rfind(b"PK\5\6")
    if end < 0 or len(content) < end + 22:
        raise ValueError("no zip file")
    count, size = struct.unpack("<HL", content[end + 10 : end + 16])
    if count > MOST_FILES or size > 200 * MOST_FILES:
        raise ValueError("too many files")


def _check_names(entries: list[zipfile.ZipInfo]) -> None:
    names = [entry.orig_filename for entry in entries]
    if wrong := next((name for name in names if not _NAME.fullmatch(name)), None):
        raise ValueError(f"{wrong[:100]!r} is no name of a file in a bundle")
    ((most, count),) = Counter(names).most_common(1) or [("", 0)]
    if count > 1:
        raise ValueError(f"{most} is there {count} times")


def _check_entry(entry: zipfile.ZipInfo) -> None:
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in (0, stat.S_IFREG):
        raise ValueError(f"{entry.filename} is no plain file")
    if entry.flag_bits & 1:
        raise ValueError(f"{entry.filename} is encrypted")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError(f"{entry.filename} is compressed in an unusual way")
    if entry.file_size > MOST_BYTES:
        raise ValueError(f"{entry.filename} is larger than {MOST_BYTES} bytes")


def _check_sums(stated: Mapping[str, str], files: Mapping[str, bytes]) -> None:
    for name in sorted(stated.keys() ^ files.keys()):
        raise RecordError(f"{name} is {'missing' if name in stated else f'not listed in {BOARD_FILE}'}")
    for name, content in files.items():
        if hashlib.sha256(content).hexdigest() != stated[name]:
            raise RecordError(f"{name}: its checksum is not the one in {BOARD_FILE}")
