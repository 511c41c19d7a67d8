"""What a path holds: the records, timings and boards of a results folder, a bundle, a board or a single file.

Everything is read as a stranger's. What cannot be read is a refusal: the file, and the reason in one line.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from pydantic import BaseModel

from blurbench.errors import RecordError, UsageError
from blurbench.results.bundle import BOARD_FILE, MOST_BYTES, unpack
from blurbench.results.hygiene import check_clean
from blurbench.results.plausible import check_record, check_timing
from blurbench.results.record import Manifest, Record, Timing, read

__all__ = ["Held", "Refusal", "hold"]


@dataclass(frozen=True)
class Refusal:
    """A file that is not believed, and why. The text may hold a stranger's words: clean it where it is shown."""

    file: str
    reason: str


@dataclass
class Held:
    """What could be read, by the name of its file; each is sound in itself."""

    records: dict[str, Record] = field(default_factory=dict)
    timings: dict[str, Timing] = field(default_factory=dict)
    boards: dict[str, Manifest] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)
    is_bundle: bool = False

    def refuse(self, file: str, reason: object) -> None:
        """Note a refusal."""
        self.refusals.append(Refusal(file, str(reason).removeprefix(f"{file}: ")))

    def by_key(self) -> dict[str, tuple[str, Record]]:
        """The records with the names of their files."""
        return {record.key: (file, record) for file, record in self.records.items()}


def hold(path: Path) -> Held:
    """Read what is at `path`. Raises UsageError where there is nothing that could be read."""
    if path.is_dir():
        return _folder(path)
    if not path.is_file():
        raise UsageError(f"{path} does not exist; name a record, a results folder, one of its boards, or a bundle")
    if path.suffix == ".zip":
        return _bundle(path)
    if path.parent.name == "boards" and (path.parent.parent / "records").is_dir():
        return _board(path)
    return _single(path)


# --- where files are ------------------------------------------------------------------------------------------------


def _folder(root: Path) -> Held:
    if not (root / "records").is_dir():
        raise UsageError(f"{root} is no results folder: it has no folder `records`")
    held = Held()
    for kind, take in _TAKE.items():
        for path in _json_files(root / kind):
            _take_file(held, path, path.relative_to(root).as_posix(), take)
    return held


def _json_files(folder: Path) -> Iterator[Path]:
    """All JSON files below a folder; the temporary ones of a run under way begin with a dot."""
    for place, folders, names in os.walk(folder):
        folders.sort()
        yield from (Path(place, name) for name in sorted(names) if name.endswith(".json") and name[0] != ".")


def _board(path: Path) -> Held:
    """A board with the records and timings that it names."""
    held, root = Held(), path.parent.parent
    _take_file(held, path, f"boards/{path.name}", _take_board)
    for manifest in list(held.boards.values()):
        for key in dict.fromkeys(line.key for line in manifest.lines):
            place = root / "records" / key[:2] / f"{key}.json"
            if place.exists():  # a board may wait for cells
                _take_file(held, place, place.relative_to(root).as_posix(), _take_record)
    for key in {record.cost.timing: None for record in held.records.values() if record.cost}:
        if (place := root / "timings" / f"{key}.json").exists():
            _take_file(held, place, f"timings/{place.name}", _take_timing)
    return held


def _bundle(path: Path) -> Held:
    held = Held(is_bundle=True)
    try:
        contents, files = unpack(path)
        check_clean(contents.model_dump(exclude={"files", "board"}))
    except (RecordError, ValueError) as error:
        held.refuse(path.name, error)
        return held
    _take(held, BOARD_FILE, contents.board.model_dump_json().encode(), _take_board)
    for name, content in files.items():
        _take(held, name, content, _TAKE[PurePosixPath(name).parts[0]])
    return held


def _single(path: Path) -> Held:
    """A file on its own; which kind it is, its fields tell."""
    held = Held()
    if not _is_small(held, path, path.name):
        return held
    content = path.read_bytes()
    kinds = {b'"lines"': _take_board, b'"rounds"': _take_timing}
    take = next((take for sign, take in kinds.items() if sign in content and b'"status"' not in content), _take_record)
    _take(held, path.name, content, take)
    return held


# --- what files say -------------------------------------------------------------------------------------------------


def _take_file(held: Held, path: Path, name: str, take: _Take) -> None:
    if _is_small(held, path, name):
        _take(held, name, path.read_bytes(), take)


def _is_small(held: Held, path: Path, name: str) -> bool:
    if path.is_symlink():
        held.refuse(name, "a link to another file")
    elif path.stat().st_size > MOST_BYTES:
        held.refuse(name, f"larger than {MOST_BYTES} bytes")
    else:
        return True
    return False


def _take(held: Held, name: str, content: bytes, take: _Take) -> None:
    try:
        take(held, name, content)
    except (RecordError, ValueError) as error:
        held.refuse(name, error)


def _take_record(held: Held, name: str, content: bytes) -> None:
    record = _read(Record, content, name)
    check_record(record)
    held.records[name] = record


def _take_timing(held: Held, name: str, content: bytes) -> None:
    timing = _read(Timing, content, name)
    check_timing(timing)
    held.timings[name] = timing


def _take_board(held: Held, name: str, content: bytes) -> None:
    manifest: Manifest = read(Manifest, content, name)
    check_clean(manifest.model_dump(exclude={"lines"}))
    for line in manifest.lines:
        check_clean(line.model_dump())
    held.boards[name] = manifest


def _read(kind: type[BaseModel], content: bytes, name: str) -> Any:
    """A record or timing, which is called by its key."""
    found: Any = read(kind, content, name)
    if len(stem := PurePosixPath(name).stem) >= 16 and stem != found.key:
        raise RecordError(f"its key is {found.key}, not the one that it is called by")
    return found


_Take = Callable[[Held, str, bytes], None]
_TAKE: dict[str, _Take] = {"records": _take_record, "timings": _take_timing, "boards": _take_board}
