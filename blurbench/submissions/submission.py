"""What a path holds: the records, timings and boards of a results folder, a bundle, a board or a single file.

Everything is read as a stranger's. What cannot be read is a refusal: the file, and the reason in one line.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from pydantic import BaseModel

from blurbench.errors import RecordError, UsageError
from blurbench.matrix.sanitize import check_clean
from blurbench.measurements import MEASUREMENTS
from blurbench.store.files import is_regular
from blurbench.store.record import Manifest, Record, Timing, read
from blurbench.store.store import Store
from blurbench.submissions.bundle import BOARD_FILE, MOST_BYTES, unpack

__all__ = ["Submission", "open_submission"]


@dataclass(frozen=True)
class Refusal:
    """A file that is not believed, and why. The text may hold a stranger's words: clean it where it is shown."""

    file: str
    reason: str


@dataclass
class Submission:
    """What could be read, by the name of its file; each is sound in itself."""

    records: dict[str, Record] = field(default_factory=dict)
    timings: dict[str, Timing] = field(default_factory=dict)
    boards: dict[str, Manifest] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)
    is_bundle: bool = False
    unchecked: set[str] = field(default_factory=set)
    """The keys of records that could not be held against their data."""

    def refuse(self, file: str, reason: object) -> None:
        """Note a refusal."""
        self.refusals.append(Refusal(file, str(reason).removeprefix(f"{file}: ")))

    def refuse_records(self, reasons: Mapping[str, str]) -> None:
        """Refuse records, named by their keys, each with its reason."""
        for file, record in list(self.records.items()):
            if record.key in reasons:
                self.refuse(file, reasons[record.key])
                del self.records[file]

    def by_key(self) -> dict[str, tuple[str, Record]]:
        """The records with the names of their files."""
        return {record.key: (file, record) for file, record in self.records.items()}


def open_submission(path: Path) -> Submission:
    """Read what is at `path`. Raises UsageError where there is nothing that could be read."""
    if path.is_dir():
        return _folder(path)
    if not is_regular(path):
        raise UsageError(f"{path} does not exist; name a record, a results folder, one of its boards, or a bundle")
    if path.suffix == ".zip":
        return _bundle(path)
    if path.parent.name == "boards" and (path.parent.parent / "records").is_dir():
        return _board(path)
    return _single(path)


# --- where files are ------------------------------------------------------------------------------------------------


def _folder(root: Path) -> Submission:
    if not (root / "records").is_dir():
        raise UsageError(f"{root} is no results folder: it has no folder `records`")
    submission = Submission()
    for folder in ("records", "timings", "boards"):
        for path in _json_files(root / folder):
            _take_file(submission, path, path.relative_to(root).as_posix())
    return submission


def _json_files(folder: Path) -> Iterator[Path]:
    """All JSON files below a folder; the temporary ones of a run under way begin with a dot."""
    for place, folders, names in os.walk(folder):
        folders.sort()
        yield from (Path(place, name) for name in sorted(names) if name.endswith(".json") and name[0] != ".")


def _board(path: Path) -> Submission:
    """A board with the records and timings that it names."""
    submission, store = Submission(), Store(path.parent.parent)
    _take_file(submission, path, f"boards/{path.name}")
    for board in list(submission.boards.values()):
        for key in dict.fromkeys(line.key for line in board.lines):
            if (place := store.records.path(key)).exists():  # a board may wait for cells
                _take_file(submission, place, place.relative_to(store.root).as_posix())
    for key in {record.timing: None for record in submission.records.values() if record.timing}:
        if (place := store.root / "timings" / f"{key}.json").exists():
            _take_file(submission, place, f"timings/{place.name}")
    return submission


def _bundle(path: Path) -> Submission:
    submission = Submission(is_bundle=True)
    try:
        contents, files = unpack(path)
        check_clean(contents.model_dump(exclude={"files", "board"}))
    except (RecordError, ValueError) as error:
        submission.refuse(path.name, error)
        return submission
    _take(submission, BOARD_FILE, contents.board.model_dump_json().encode(), _take_board)
    for name, content in files.items():
        _take(submission, name, content, TAKES[PurePosixPath(name).parts[0]])
    return submission


def _single(path: Path) -> Submission:
    """A file on its own; which kind it is, its fields tell."""
    submission = Submission()
    if not _is_small(submission, path, path.name):
        return submission
    content = path.read_bytes()
    fields = {b'"status"': _take_record, b'"rounds"': _take_timing, b'"content"': _take_board}
    take = next((take for field, take in fields.items() if field in content), _take_record)
    _take(submission, path.name, content, take)
    return submission


# --- what files say -------------------------------------------------------------------------------------------------


def _take_file(submission: Submission, path: Path, name: str) -> None:
    """A file of a results folder, by its name in there."""
    if _is_small(submission, path, name):
        _take(submission, name, path.read_bytes(), TAKES[PurePosixPath(name).parts[0]])


def _is_small(submission: Submission, path: Path, name: str) -> bool:
    if path.is_symlink():
        submission.refuse(name, "a link to another file")
    elif not is_regular(path):
        submission.refuse(name, "no plain file")
    elif path.stat().st_size > MOST_BYTES:
        submission.refuse(name, f"larger than {MOST_BYTES} bytes")
    else:
        return True
    return False


Take = Callable[[Submission, str, bytes], None]


def _take(submission: Submission, name: str, content: bytes, take: Take) -> None:
    try:
        take(submission, name, content)
    except (RecordError, ValueError, OSError) as error:
        submission.refuse(name, error)


def _take_record(submission: Submission, name: str, content: bytes) -> None:
    record: Record = _read(Record, content, name)
    _check_record(record)
    submission.records[name] = record


def _check_record(record: Record) -> None:
    """Raise ValueError in one line for what cannot have been measured."""
    measurement = MEASUREMENTS[record.measure]
    own = record.result.images_of_its_own if record.result else frozenset()
    # What is left out has as many numbers as there are images, and the schema checks them.
    check_clean(record.model_dump(exclude={"result": set(own)}))
    if record.result is None:
        return
    if not re.fullmatch("[0-9a-f]{64}", record.data_fingerprint):
        raise ValueError("data_fingerprint: not a SHA-256")
    measurement.sanity_check(record.result, record)


def _take_timing(submission: Submission, name: str, content: bytes) -> None:
    timing: Timing = _read(Timing, content, name)
    check_clean(timing.model_dump())
    numbers = (timing.batch_1_ms, timing.batch_1_iqr_ms, timing.batch_256_ms, timing.batch_256_iqr_ms)
    if min(numbers) < 0 or timing.batch_1_ms == 0 or timing.batch_256_ms == 0:
        raise ValueError("a time below 0, or of 0")
    submission.timings[name] = timing


def _take_board(submission: Submission, name: str, content: bytes) -> None:
    board: Manifest = read(Manifest, content, name)
    check_clean(board.model_dump(exclude={"lines"}))
    for line in board.lines:
        check_clean(line.model_dump())
    submission.boards[name] = board


TAKES: dict[str, Take] = {"records": _take_record, "timings": _take_timing, "boards": _take_board}
"""By the folder in a results folder or a bundle."""


def _read(kind: type[BaseModel], content: bytes, name: str) -> Any:
    """A record or timing, which is called by its key."""
    found: Any = read(kind, content, name)
    if len(stem := PurePosixPath(name).stem) >= 16 and stem != found.key:
        raise RecordError(f"its key is {found.key}, not the one that it is called by")
    return found
