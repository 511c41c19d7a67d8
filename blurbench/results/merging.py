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
from blurbench.results.record import Line, Manifest, Record
from blurbench.results.store import Store
from blurbench.suites.edition import board_name

__all__ = ["Merged", "Outgoing", "gather", "merge"]

# --- out ------------------------------------------------------------------------------------------------------------

PROVENANCE = ("time", "versions", "python", "system", "device", "threads")
"""What of a record's provenance goes into a bundle."""

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
    if (manifest := store.manifest(board)) is None:
        raise UsageError(f"no board {board!r} in {store.root}")
    staying: Counter[str] = Counter()
    lines: list[Line] = []
    records: dict[str, Record] = {}
    for line in manifest.lines:
        try:
            records[line.key] = _outgoing(store.record(line.key))
            lines.append(line)
        except RecordError as reason:
            staying[str(reason)] += 1
    commands = [command for command in manifest.commands if not _private(command.removeprefix("blurbench run"))]
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
    for key in {record.cost.timing: None for record in records.values() if record.cost}:
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


def merge(held: Held, store: Store) -> Merged | None:
    """Put a validated bundle's records into `store`, on the board of the same suite, version, budget and content.

    A cell that is here with other answers keeps them; the bundle's is refused, by name. None where nothing is left.
    """
    if not held.boards:
        return None
    ((file, incoming),) = held.boards.items()
    name = board_name(incoming.suite, incoming.suite_version, incoming.budget)
    result = Merged(name)
    with store.locked(name, waiting=lambda: None):
        here = store.manifest(name)
        if here is None and store.board_path(name, ".json").exists():
            raise RecordError(f"the board {name} in {store.root} is damaged; the run that made it writes it again")
        if here is not None and here.content != incoming.content:
            held.refuse(file, f"its content is not that of the board {name} that is here: another suite, or changed")
            return None
        lines = _merge_lines(held, incoming, here, store, result)
        if lines:
            store.put_manifest(name, _joined(here, incoming, lines))
    named = {record.cost.timing for record in held.records.values() if record.cost}
    for timing in held.timings.values():
        if timing.key in named and store.timing(timing.key) is None:
            store.put_timing(timing)
    return result


def _merge_lines(held: Held, incoming: Manifest, here: Manifest | None, store: Store, result: Merged) -> list[Line]:
    """Store the new records; return the lines that are to stand on the board."""
    places = {line.place(): line for line in (here.lines if here else [])}
    records, accepted = held.by_key(), []
    for line in incoming.lines:
        if line.key not in records:
            continue
        file, record = records[line.key]
        reason = _not_new(record, places.get(line.place()), store)
        if reason:
            held.refuse(file, reason)
            continue
        if (own := store.record(record.key)) is None or own.status != "ok":
            store.put_record(record)
            result.added += 1
        else:
            result.known += 1
        accepted.append(line)
    return accepted


def _not_new(record: Record, line: Line | None, store: Store) -> str:
    """Why a record that is here stands in the way; empty where none does."""
    own = store.record(record.key)
    if own is not None and own.status == "ok" and _answers(own) != _answers(record):
        assert own.images is not None
        assert record.images is not None
        differing = sum(map(int.__ne__, own.images.predicted, record.images.predicted))
        return f"the record {own.key} that is here says otherwise ({differing} of {len(own.images.label)} predictions)"
    other = store.record(line.key) if line is not None and line.key != record.key else None
    if other is not None and other.status == "ok":
        return f"another record, {other.key}, stands at its place on the board that is here"
    return ""


def _answers(record: Record) -> dict[str, Any]:
    """What two measurements of one cell must agree on: everything but times, machines and last digits."""
    axes = {"dataset", "classifier", "strategy", "train_blur", "test_blur"}
    said = record.model_dump(include={*axes, "budget", "seed", "data_fingerprint", "knows", "requires", "exposure"})
    assert record.images is not None
    return {**said, "predicted": record.images.predicted, "label": record.images.label}


def _joined(here: Manifest | None, incoming: Manifest, lines: list[Line]) -> Manifest:
    """The board with `lines` on it; a place that had no measurement gets the incoming one."""
    if here is None:
        return incoming.model_copy(update={"lines": lines})
    new = [line for line in lines if line not in here.lines]
    joined = list({line.place(): line for line in [*here.lines, *lines]}.values())
    return here.model_copy(
        update={
            "lines": joined,
            "test_blurs": _ladder(here.test_blurs, incoming.test_blurs),
            "commands": list(dict.fromkeys([*here.commands, *(incoming.commands if new else [])])),
        }
    )


def _ladder(one: list[str], other: list[str]) -> list[str]:
    """Both lists of blurs in one order, that of the longer."""
    long, short = (one, other) if len(one) >= len(other) else (other, one)
    return list(dict.fromkeys([*long, *short]))
