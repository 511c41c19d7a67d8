"""Whether records can be believed, as far as that can be told without measuring again.

Records are a stranger's. Each is held against itself (`plausible`), against the plugins and data sets that are here,
and against the others. What fails is refused with the reason; what could not be checked is said. That a predictor
really gave these predictions only `replay` and `verify` can tell.
"""

from __future__ import annotations

import re
import shlex
from collections import Counter
from collections.abc import Iterator

from blurbench.errors import BlurbenchError, RecordError, Unavailable, UsageError
from blurbench.registry import Registry
from blurbench.results.agreement import dissenters
from blurbench.results.cell_validation import check_cell, terms_of_cells
from blurbench.results.estimation import Board, Estimation
from blurbench.results.estimation_validation import check_estimation, terms_of_estimations
from blurbench.results.held import Held
from blurbench.results.known import Known
from blurbench.results.record import AnyBoard, AnyRecord, Manifest, Record
from blurbench.results.terms import Terms, by_most, misplaced, shown

__all__ = ["Known", "validate"]


def validate(held: Held, known: Known) -> list[str]:
    """Move what cannot be believed from `held` to its refusals; return what could not be checked."""
    unchecked: Counter[str] = Counter()
    for file, record in list(held.records.items()):
        try:
            if held.is_bundle and record.status != "ok":
                raise RecordError(f"{record.status}: a bundle holds measured cells only")
            _check_record(record, known)
        except Unavailable as lacking:
            unchecked[f"{lacking}, so its images and keys were not checked"] += 1
        except BlurbenchError as error:
            held.refuse(file, error)
            del held.records[file]
    _refuse_dissenters(held)
    notes = [f"{count} record{'s' * (count > 1)}: {what}" for what, count in sorted(unchecked.items())]
    for file, manifest in list(held.boards.items()):
        notes += _check_board(held, file, manifest, known)
    return notes


# --- one record -----------------------------------------------------------------------------------------------------


def _check_record(record: AnyRecord, known: Known) -> None:
    for axis, part in record.parts().items():
        try:
            known.registry.resolve(record.AXES[axis], part.spec)
        except UsageError as error:
            raise RecordError(f"{axis}: {error}") from None
    if record.status != "ok":
        return
    if isinstance(record, Estimation):
        check_estimation(record, known)
    elif isinstance(record, Record):
        check_cell(record, known)


def _refuse_dissenters(held: Held) -> None:
    files = held.by_key()
    for key, reason in dissenters(held.records.values()).items():
        file, _ = files[key]
        held.refuse(file, reason)
        del held.records[file]


# --- a board --------------------------------------------------------------------------------------------------------


def _check_board(held: Held, file: str, board: AnyBoard, known: Known) -> list[str]:
    """Refuse the board, or single records of it; return what could not be checked."""
    try:
        _check_heading(board)
        terms = _terms(board, known.registry)
        for reason in _wrong_lines(board):
            raise RecordError(reason)
    except BlurbenchError as error:
        held.refuse(file, error)
        del held.boards[file]
        return []
    records = held.by_key()
    agreed = terms or by_most(board, {key: record for key, (_, record) in records.items()})
    for line in board.lines:
        if line.key in records and (reason := misplaced(line, records[line.key][1], board, agreed)):
            held.refuse(records[line.key][0], reason)
            held.records.pop(records[line.key][0], None)
    if held.is_bundle:
        _refuse_unlisted(held, board)
    if terms is None:
        edition = f"suite {board.suite} version {board.suite_version}"
        return [f"{edition} is not installed here, so what its labels mean was not checked"]
    return []


def _terms(board: AnyBoard, registry: Registry) -> Terms | None:
    if isinstance(board, Board):
        return terms_of_estimations(board, registry)
    assert isinstance(board, Manifest)
    return terms_of_cells(board, registry)


def _refuse_unlisted(held: Held, board: AnyBoard) -> None:
    listed = {line.key for line in board.lines}
    for file, record in list(held.records.items()):
        if record.key not in listed:
            held.refuse(file, "no line of the board in this bundle is of it")
            del held.records[file]


def _check_heading(board: AnyBoard) -> None:
    """Names become file names, and commands are for people to run."""
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", board.suite):
        raise RecordError(f"suite: {shown(board.suite)!r} is no name of a suite")
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*(\[[a-z0-9_=, ]+\])?", board.budget):
        raise RecordError(f"budget: {shown(board.budget)!r} is no name of a budget")
    for command in board.commands:
        if not _is_harmless(command):
            raise RecordError(f"commands: {shown(command)!r} is no command of blurbench as it writes them")


def _is_harmless(command: str) -> bool:
    """One call of a command that puts cells on boards, every sign that means something to a shell in quotes."""
    try:
        words = shlex.split(command)
    except ValueError:
        return False
    return words[:2] in (["blurbench", "run"], ["blurbench", "reproduce"]) and shlex.join(words) == command


def _wrong_lines(board: AnyBoard) -> Iterator[str]:
    if not board.lines:
        yield "lines: there are none"
    for place, count in Counter(line.place() for line in board.lines).most_common(1):
        if count > 1:
            yield f"lines: {count} stand at one place, {shown(place)}"
