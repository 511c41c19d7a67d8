"""Bundles out of a results folder, and validated ones into it."""

from __future__ import annotations

import getpass
import json
import re
import socket
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from blurbench.errors import RecordError, UsageError
from blurbench.matrix.board_id import board_name
from blurbench.store.label_consistency import copied
from blurbench.store.record import Line, Manifest, Record
from blurbench.store.store import Store
from blurbench.submissions.bundle import pack
from blurbench.submissions.submission import Submission

__all__ = ["Merged", "Outgoing", "gather", "merge"]

# --- out ------------------------------------------------------------------------------------------------------------

PROVENANCE = ("time", "versions", "python", "system", "device", "threads", "cuda")
"""What of a record's provenance goes into a bundle: no job of a cluster, which is nobody else's business."""

_PATH = re.compile(r"(?:^|[\s\"'=({\[,:])(?:~?/[\w.-]+/|[A-Za-z]:[\\/]|\\\\[\w.-]+\\)")


@dataclass
class Outgoing:
    """What would go into a bundle, and what stays here, with the reasons."""

    board: Manifest
    environments: list[dict[str, Any]]
    files: dict[str, bytes]
    staying: Counter[str] = field(default_factory=Counter)

    def pack(self) -> bytes:
        """The bundle."""
        return pack(self.board, self.environments, self.files)


def gather(store: Store, board: str) -> Outgoing:
    """The measured cells of a board. Nothing in them names this machine, its folders or its user."""
    if (manifest := store.records.board(board)) is None:
        raise UsageError(f"no board {board!r} in {store.root}")
    staying: Counter[str] = Counter()
    lines: list[Line] = []
    records: dict[str, Record] = {}
    for line in manifest.lines:
        try:
            records[line.key] = _outgoing(store.records.get(line.key))
            lines.append(line)
        except RecordError as reason:
            staying[str(reason)] += 1
    commands = [command for command in manifest.commands if not _private(re.sub(r"^blurbench \w+", "", command))]
    if fewer := len(manifest.commands) - len(commands):
        staying[f"the command{'s' * (fewer > 1)} that named a folder, a user or a host of this machine"] += fewer
    used = manifest.model_copy(update={"lines": lines, "commands": commands})
    return Outgoing(used, _environments(records.values()), _files(store, records), staying)


def _outgoing(record: Record | None) -> Record:
    """The record as it may be seen by others. Raises RecordError with the reason why it stays here."""
    if record is None:
        raise RecordError("cells that are not measured yet")
    if record.status != "ok":
        raise RecordError(f"cells that are {record.status}")
    provenance = {name: value for name, value in record.provenance.items() if name in PROVENANCE}
    kept = record.model_copy(update={"log": "", "provenance": provenance})
    many = kept.result.images_of_its_own if kept.result else ()  # a number an image, and no text
    told = kept.model_dump(exclude={"provenance": True, "result": set(many)})
    if _PATH.search(json.dumps(told, ensure_ascii=False)):
        raise RecordError("cells with a folder of this machine among their parameters")
    if _private(f"{provenance.get('device')} {provenance.get('system')}") or _PATH.search(json.dumps(provenance)):
        raise RecordError("cells whose provenance names a folder, a user or a host of this machine")
    return kept


def _private(text: str) -> bool:
    """Whether a text has a path of this machine in it, or the name of the machine or its user as a word."""
    names = [re.escape(name) for name in _own_names()]
    return bool(_PATH.search(text) or (names and re.search(rf"(?<!\w)(?:{'|'.join(names)})(?!\w)", text)))


def _own_names() -> list[str]:
    try:
        user = getpass.getuser()
    except (OSError, KeyError):
        user = ""
    host = socket.gethostname()
    return [name for name in (user, host, host.partition(".")[0]) if name not in ("", "localhost")]


def _environments(records: Iterable[Record]) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for record in records:
        environment = {name: value for name, value in record.provenance.items() if name != "time"}
        found.setdefault(json.dumps(environment, sort_keys=True), environment)
    return [found[key] for key in sorted(found)]


def _files(store: Store, records: dict[str, Record]) -> dict[str, bytes]:
    files = {
        f"records/{key}.json": (record.model_dump_json(exclude_defaults=True) + "\n").encode()
        for key, record in records.items()
    }
    for key in {record.timing: None for record in records.values() if record.timing}:
        timing = store.timing(key)
        if timing is not None and not (_private(f"{timing.machine} {timing.device}") or _PATH.search(timing.what)):
            files[f"timings/{key}.json"] = (timing.model_dump_json(indent=1) + "\n").encode()
    return files


# --- in -------------------------------------------------------------------------------------------------------------


@dataclass
class Merged:
    """What became of a validated bundle."""

    board: str
    added: int = 0
    known: int = 0
    """Cells that were here already, with the same answers."""


def merge(submission: Submission, store: Store) -> Merged | None:
    """Put a validated bundle's records into `store`, on the board of the same suite, version, budget and content.

    A cell that is here with other answers keeps them; the bundle's is refused, by name. None where nothing is left.
    """
    if not submission.boards:
        return None
    ((file, incoming),) = submission.boards.items()
    name = board_name(incoming.suite, incoming.suite_version, incoming.budget)
    result = Merged(name)
    with store.locked(name):
        here = store.records.board(name)
        if here is None and store.records.board_path(name).exists():
            raise RecordError(f"the board {name} in {store.root} is damaged; the run that made it writes it again")
        if here is not None and here.content != incoming.content:
            submission.refuse(
                file, f"its content is not that of the board {name} that is here: another suite, or changed"
            )
            return None
        lines = _merge_lines(submission, incoming, here, store, result)
        if lines:
            unchecked = sorted(submission.unchecked & {line.key for line in lines})
            accepted = incoming.model_copy(update={"lines": lines, "unchecked": unchecked})
            store.records.put_board(name, accepted if here is None else here.with_added(accepted))
    named = {record.timing for record in submission.records.values()}
    for timing in submission.timings.values():
        if timing.key in named and store.timing(timing.key) is None:
            store.put_timing(timing)
    return result


def _merge_lines(
    submission: Submission, incoming: Manifest, here: Manifest | None, store: Store, result: Merged
) -> list[Line]:
    """Store the new records; return the lines that are to stand on the board."""
    places = {line.place(): line for line in (here.lines if here else [])}
    _refuse_copies(submission, here, store)
    records, accepted = submission.by_key(), []
    for line in incoming.lines:
        if line.key not in records:
            continue
        file, record = records[line.key]
        reason = _not_new(record, places.get(line.place()), store)
        if reason:
            submission.refuse(file, reason)
            continue
        if (own := store.records.get(record.key)) is None or own.status != "ok":
            store.records.put(record)
            result.added += 1
        else:
            result.known += 1
            submission.unchecked.discard(record.key)  # one's own measurement says the same
        accepted.append(line)
    return accepted


def _refuse_copies(submission: Submission, here: Manifest | None, store: Store) -> None:
    """Records whose answers are those of another seed that is here already."""
    keys = {line.key for line in (here.lines if here else [])}
    own = [record for key in keys if (record := store.records.get(key)) is not None and record.status == "ok"]
    new = (record for record in submission.records.values() if record.key not in keys)
    submission.refuse_records(copied(new, own))


def _not_new(record: Record, line: Line | None, store: Store) -> str:
    """Why a record that is here stands in the way; empty where none does."""
    own = store.records.get(record.key)
    if own is not None and own.status == "ok" and (difference := own.difference(record)):
        return f"the record {own.key} that is here says otherwise ({difference})"
    other = store.records.get(line.key) if line is not None and line.key != record.key else None
    if other is not None and other.status == "ok":
        return f"another record, {other.key}, stands at its place on the board that is here"
    return ""
