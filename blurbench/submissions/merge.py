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
from blurbench.results.bundle import pack
from blurbench.results.held import Held
from blurbench.results.record import AnyBoard, AnyLine, AnyRecord
from blurbench.results.store import Shelf, Store
from blurbench.suites.edition import board_name

__all__ = ["Merged", "Outgoing", "gather", "merge"]

# --- out ------------------------------------------------------------------------------------------------------------

PROVENANCE = ("time", "versions", "python", "system", "device", "threads")
"""What of a record's provenance goes into a bundle."""

_PATH = re.compile(r"(?:^|[\s\"'=({\[,:])(?:~?/[\w.-]+/|[A-Za-z]:[\\/]|\\\\[\w.-]+\\)")


@dataclass
class Outgoing:
    """What would go into a bundle, and what stays here, with the reasons."""

    board: AnyBoard
    environments: list[dict[str, Any]]
    files: dict[str, bytes]
    staying: Counter[str] = field(default_factory=Counter)

    def pack(self) -> bytes:
        """The bundle."""
        return pack(self.board, self.environments, self.files)


def gather(store: Store, board: str) -> Outgoing:
    """The measured cells of a board. Nothing in them names this machine, its folders or its user."""
    shelf = store.shelf_of(board)
    if (manifest := shelf.board(board)) is None:
        raise UsageError(f"no board {board!r} in {store.root}")
    staying: Counter[str] = Counter()
    lines: list[AnyLine] = []
    records: dict[str, AnyRecord] = {}
    for line in manifest.lines:
        try:
            records[line.key] = _outgoing(shelf.record(line.key))
            lines.append(line)
        except RecordError as reason:
            staying[str(reason)] += 1
    commands = [command for command in manifest.commands if not _private(re.sub(r"^blurbench \w+", "", command))]
    if fewer := len(manifest.commands) - len(commands):
        staying[f"the command{'s' * (fewer > 1)} that named a folder, a user or a host of this machine"] += fewer
    used = manifest.model_copy(update={"lines": lines, "commands": commands})
    return Outgoing(used, _environments(records.values()), _files(shelf, records), staying)


def _outgoing(record: AnyRecord | None) -> AnyRecord:
    """The record as it may be seen by others. Raises RecordError with the reason why it stays here."""
    if record is None:
        raise RecordError("cells that are not measured yet")
    if record.status != "ok":
        raise RecordError(f"cells that are {record.status}")
    provenance = {name: value for name, value in record.provenance.items() if name in PROVENANCE}
    kept = record.model_copy(update={"log": "", "provenance": provenance})
    told = kept.model_dump(exclude={"images", "provenance"})
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


def _environments(records: Iterable[AnyRecord]) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for record in records:
        environment = {name: value for name, value in record.provenance.items() if name != "time"}
        found.setdefault(json.dumps(environment, sort_keys=True), environment)
    return [found[key] for key in sorted(found)]


def _files(shelf: Shelf[Any, Any], records: dict[str, AnyRecord]) -> dict[str, bytes]:
    files = {
        f"{shelf.records}/{key}.json": (record.model_dump_json(exclude_defaults=True) + "\n").encode()
        for key, record in records.items()
    }
    for key in {record.timing: None for record in records.values() if record.timing}:
        timing = shelf.store.timing(key)
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


def merge(held: Held, store: Store) -> Merged | None:
    """Put a validated bundle's records into `store`, on the board of the same suite, version, budget and content.

    A cell that is here with other answers keeps them; the bundle's is refused, by name. None where nothing is left.
    """
    if not held.boards:
        return None
    ((file, incoming),) = held.boards.items()
    shelf = store.shelf_for(incoming)
    name = board_name(incoming.suite, incoming.suite_version, incoming.budget)
    result = Merged(name)
    with store.locked(name, waiting=lambda: None):
        here = shelf.board(name)
        if here is None and shelf.board_path(name).exists():
            raise RecordError(f"the board {name} in {store.root} is damaged; the run that made it writes it again")
        if here is not None and here.content != incoming.content:
            held.refuse(file, f"its content is not that of the board {name} that is here: another suite, or changed")
            return None
        lines = _merge_lines(held, incoming, here, shelf, result)
        if lines:
            accepted = incoming.model_copy(update={"lines": lines})
            shelf.put_board(name, accepted if here is None else here.with_added(accepted))
    named = {record.timing for record in held.records.values()}
    for timing in held.timings.values():
        if timing.key in named and store.timing(timing.key) is None:
            store.put_timing(timing)
    return result


def _merge_lines(
    held: Held, incoming: AnyBoard, here: AnyBoard | None, shelf: Shelf[Any, Any], result: Merged
) -> list[AnyLine]:
    """Store the new records; return the lines that are to stand on the board."""
    places = {line.place(): line for line in (here.lines if here else [])}
    records, accepted = held.by_key(), []
    for line in incoming.lines:
        if line.key not in records:
            continue
        file, record = records[line.key]
        reason = _not_new(record, places.get(line.place()), shelf)
        if reason:
            held.refuse(file, reason)
            continue
        if (own := shelf.record(record.key)) is None or own.status != "ok":
            shelf.put_record(record)
            result.added += 1
        else:
            result.known += 1
        accepted.append(line)
    return accepted


def _not_new(record: AnyRecord, line: AnyLine | None, shelf: Shelf[Any, Any]) -> str:
    """Why a record that is here stands in the way; empty where none does."""
    own = shelf.record(record.key)
    if own is not None and own.status == "ok" and (difference := own.difference(record)):
        return f"the record {own.key} that is here says otherwise ({difference})"
    other = shelf.record(line.key) if line is not None and line.key != record.key else None
    if other is not None and other.status == "ok":
        return f"another record, {other.key}, stands at its place on the board that is here"
    return ""
