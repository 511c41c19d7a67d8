"""Whether records can be believed, as far as that can be told without measuring again.

Records are a stranger's. Each is held against itself, against the plugins and data sets that are here, and against the
others. What fails is refused with the reason; what could not be checked is said. That a predictor really gave these
predictions only `replay` and `verify` can tell.
"""

from __future__ import annotations

import re
import shlex
from collections import Counter

from blurbench.errors import BlurbenchError, RecordError, Skip, Unavailable, UsageError, counted
from blurbench.measurements import MEASUREMENTS
from blurbench.store.label_consistency import copied, inconsistent
from blurbench.store.record import Facts, Manifest, Record
from blurbench.submissions.installation import Installation
from blurbench.submissions.label_schema import by_most, check_lines, misplaced, of_suite, shown
from blurbench.submissions.replan import check_places, metrics_of, replan
from blurbench.submissions.submission import Submission

__all__ = ["check"]


def check(submission: Submission, installation: Installation) -> list[str]:
    """Move what cannot be believed from `submission` to its refusals; return what could not be checked."""
    unchecked: Counter[str] = Counter()
    for file, record in list(submission.records.items()):
        try:
            if submission.is_bundle and record.status != "ok":
                raise RecordError(f"{record.status}: a bundle holds measured cells only")
            _check_record(record, installation)
        except Unavailable as lacking:
            unchecked[f"{lacking}, so its images and keys were not checked"] += 1
            submission.unchecked.add(record.key)
        except BlurbenchError as error:
            submission.refuse(file, error)
            del submission.records[file]
    for reasons in (inconsistent, copied):
        submission.refuse_records(reasons(submission.records.values()))
    notes = [f"{counted(count, 'record')}: {what}" for what, count in sorted(unchecked.items())]
    for file, board in list(submission.boards.items()):
        notes += _check_board(submission, file, board, installation)
    return notes


# --- one record -----------------------------------------------------------------------------------------------------


def _check_record(record: Record, installation: Installation) -> None:
    """Raises RecordError, or Unavailable without the data."""
    registry, measurement = installation.registry, MEASUREMENTS[record.measure]
    kinds = {axis.name: axis.kind for axis in measurement.axes}
    for axis, value in record.axes.items():
        if axis not in kinds:
            raise RecordError(f"axes: {shown(axis)!r} is none of {measurement.name}")
        try:
            plugin = registry.resolve(kinds[axis], value.config)
        except UsageError as error:
            raise RecordError(f"{axis}: {error}") from None
        check_places(plugin, installation.folders)
    for metric, _ in metrics_of(registry, record):
        check_places(metric, installation.folders)
    if record.status == "ok":
        _check_work(record, installation)
        assert record.result is not None
        measurement.check(record.result, record, installation)


def _check_work(record: Record, installation: Installation) -> None:
    """Its key, and all that follows from the plugins: what the remedy knows, what it requires, what it had met."""
    try:
        _, task = replan(installation.registry, record, installation.data)
    except Skip as reason:
        raise RecordError(f"this cell cannot be had: {reason}") from None
    if record.data_fingerprint != task.data.fingerprint:
        raise RecordError(f"data_fingerprint: not that of the data set {record.label('dataset')} that is here")
    stated, facts = record.facts.model_dump(), Facts(**task.facts).model_dump()
    for name, value in facts.items():
        if stated[name] != value:
            raise RecordError(f"{name}: {shown(stated[name])}, but its plugins say {shown(value)}")


# --- a board --------------------------------------------------------------------------------------------------------


def _check_board(submission: Submission, file: str, board: Manifest, installation: Installation) -> list[str]:
    """Refuse the board, or single records of it; return what could not be checked."""
    try:
        _check_heading(board)
        check_lines(board)
        schema = of_suite(board, installation.registry)
    except BlurbenchError as error:
        submission.refuse(file, error)
        del submission.boards[file]
        return []
    records = submission.by_key()
    agreed = schema or by_most(board, {key: record for key, (_, record) in records.items()})
    for line in board.lines:
        if line.key in records and (reason := misplaced(line, records[line.key][1], board, agreed)):
            submission.refuse_records({line.key: reason})
    if submission.is_bundle:
        strange = submission.by_key().keys() - {line.key for line in board.lines}
        submission.refuse_records(dict.fromkeys(strange, "no line of the board in this bundle is of it"))
    if schema is None:
        edition = f"suite {board.suite} version {board.suite_version}"
        return [f"{edition} is not installed here, so what its labels mean was not checked"]
    return []


def _check_heading(board: Manifest) -> None:
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
