"""What a path holds: the records, timings and boards of a results folder, a bundle, a board or a single file.

Everything is read as a stranger's. What cannot be read is a refusal: the file, and the reason in one line.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from pydantic import BaseModel

from blurbench.errors import RecordError, UsageError
from blurbench.results.bundle import BOARD_FILE, MOST_BYTES, unpack
from blurbench.results.estimation import Board, Estimation
from blurbench.results.hygiene import check_clean
from blurbench.results.plausible import check_record, check_timing
from blurbench.results.record import AnyBoard, AnyRecord, Manifest, Record, Timing, read
from blurbench.results.store import Store

__all__ = ["Held", "Refusal", "hold"]


@dataclass(frozen=True)
class Refusal:
    """A file that is not believed, and why. The text may hold a stranger's words: clean it where it is shown."""

    file: str
    reason: str


@dataclass
class Held:
    """What could be read, by the name of its file; each is sound in itself."""

    records: dict[str, AnyRecord] = field(default_factory=dict)
    timings: dict[str, Timing] = field(default_factory=dict)
    boards: dict[str, AnyBoard] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)
    is_bundle: bool = False

    def refuse(self, file: str, reason: object) -> None:
        """Note a refusal."""
        self.refusals.append(Refusal(file, str(reason).removeprefix(f"{file}: ")))

    def by_key(self) -> dict[str, tuple[str, AnyRecord]]:
        """The records with the names of their files."""
        return {record.key: (file, record) for file, record in self.records.items()}


def hold(path: Path) -> Held:
    """Read what is at `path`. Raises UsageError where there is nothing that could be read."""
    if path.is_dir():
        return _folder(path)
    if not path.exists() and path.parent.name == "boards":  # where boards of estimators are rendered, but not listed
        elsewhere = path.parent.parent / "estimations" / path.name
        path = elsewhere if elsewhere.is_file() else path
    if not path.is_file():
        raise UsageError(f"{path} does not exist; name a record, a results folder, one of its boards, or a bundle")
    if path.suffix == ".zip":
        return _bundle(path)
    if (path.parent.parent / "records").is_dir() and _is_board(f"{path.parent.name}/{path.name}"):
        return _board(path)
    return _single(path)


# --- where files are ------------------------------------------------------------------------------------------------


def _folder(root: Path) -> Held:
    if not (root / "records").is_dir():
        raise UsageError(f"{root} is no results folder: it has no folder `records`")
    held = Held()
    for folder in FOLDERS:
        for path in _json_files(root / folder):
            _take_file(held, path, path.relative_to(root).as_posix())
    return held


def _json_files(folder: Path) -> Iterator[Path]:
    """All JSON files below a folder; the temporary ones of a run under way begin with a dot."""
    for place, folders, names in os.walk(folder):
        folders.sort()
        yield from (Path(place, name) for name in sorted(names) if name.endswith(".json") and name[0] != ".")


def _board(path: Path) -> Held:
    """A board with the records and timings that it names."""
    held, store = Held(), Store(path.parent.parent)
    _take_file(held, path, f"{path.parent.name}/{path.name}")
    for board in list(held.boards.values()):
        shelf = store.shelf_for(board)
        for key in dict.fromkeys(line.key for line in board.lines):
            if (place := shelf.record_path(key)).exists():  # a board may wait for cells
                _take_file(held, place, place.relative_to(store.root).as_posix())
    for key in {record.timing: None for record in held.records.values() if record.timing}:
        if (place := store.root / "timings" / f"{key}.json").exists():
            _take_file(held, place, f"timings/{place.name}")
    return held


def _bundle(path: Path) -> Held:
    held = Held(is_bundle=True)
    try:
        contents, files = unpack(path)
        check_clean(contents.model_dump(exclude={"files", "board"}))
    except (RecordError, ValueError) as error:
        held.refuse(path.name, error)
        return held
    _take(held, BOARD_FILE, contents.board.model_dump_json().encode(), partial(_take_board, type(contents.board)))
    for name, content in files.items():
        _take(held, name, content, _kind(name))
    return held


def _single(path: Path) -> Held:
    """A file on its own; which kind it is, its fields tell."""
    held = Held()
    if not _is_small(held, path, path.name):
        return held
    content = path.read_bytes()
    of_estimators = b'"tested_on"' in content and b'"classifier"' not in content
    take: _Take
    if b'"status"' in content:
        take = partial(_take_record, Estimation if of_estimators else Record)
    elif b'"rounds"' in content:
        take = _take_timing
    elif b'"content"' in content:
        take = partial(_take_board, Board if of_estimators else Manifest)
    else:
        take = partial(_take_record, Record)
    _take(held, path.name, content, take)
    return held


# --- what files say -------------------------------------------------------------------------------------------------


def _take_file(held: Held, path: Path, name: str) -> None:
    """A file of a results folder, by its name in there."""
    if _is_small(held, path, name):
        _take(held, name, path.read_bytes(), _kind(name))


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


def _take_record(kind: type[AnyRecord], held: Held, name: str, content: bytes) -> None:
    record = _read(kind, content, name)
    check_record(record)
    held.records[name] = record


def _take_timing(held: Held, name: str, content: bytes) -> None:
    timing = _read(Timing, content, name)
    check_timing(timing)
    held.timings[name] = timing


def _take_board(kind: type[AnyBoard], held: Held, name: str, content: bytes) -> None:
    board: AnyBoard = read(kind, content, name)
    check_clean(board.model_dump(exclude={"lines"}))
    for line in board.lines:
        check_clean(line.model_dump())
    held.boards[name] = board


def _read(kind: type[BaseModel], content: bytes, name: str) -> Any:
    """A record or timing, which is called by its key."""
    found: Any = read(kind, content, name)
    if len(stem := PurePosixPath(name).stem) >= 16 and stem != found.key:
        raise RecordError(f"its key is {found.key}, not the one that it is called by")
    return found


_Take = Callable[[Held, str, bytes], None]

FOLDERS = ("records", "timings", "boards", "estimations")
"""Of a results folder, where its results lie."""


def _kind(name: str) -> _Take:
    """What a file of a results folder or of a bundle must be, by its name in there."""
    folder = PurePosixPath(name).parts[0]
    if folder == "timings":
        return _take_timing
    if _is_board(name):
        return partial(_take_board, Board if folder == "estimations" else Manifest)
    return partial(_take_record, Estimation if folder == "estimations" else Record)


def _is_board(name: str) -> bool:
    """Boards of estimators lie beside their records, which are called by keys."""
    path = PurePosixPath(name)
    is_key = re.fullmatch("[0-9a-f]{16,64}", path.stem) is not None
    return path.parts[0] == "boards" or (path.parts[0] == "estimations" and len(path.parts) == 2 and not is_key)
