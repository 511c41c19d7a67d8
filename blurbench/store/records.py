"""The records of a results folder, and the boards that list them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Literal, TypeAlias

from pydantic import BaseModel, ValidationError

from blurbench.errors import RecordError
from blurbench.store.files import is_regular, write_atomically
from blurbench.store.record import Manifest, Record, read

__all__ = ["FOREIGN", "RecordStore", "State", "check_own", "read_if_there", "revisions"]

State: TypeAlias = Literal["missing", "valid", "damaged", "foreign"]
"""Of a stored file. `foreign`: it was made by another version of blurbench or of a plugin, or cannot be read,
so this version neither uses nor replaces it."""

Locked = Callable[[str], AbstractContextManager[None]]


class RecordStore:
    """Records by key, and manifests by name of board."""

    def __init__(self, root: Path, locked: Locked) -> None:
        self.root, self.locked = root, locked
        self._boards = root / "boards"
        self._read: dict[str, tuple[tuple[int, int, int], Record | None]] = {}

    # --- records ---------------------------------------------------------------------------------------------------

    def path(self, key: str) -> Path:
        """Where the record of that key lies."""
        return self.root / "records" / key[:2] / f"{key}.json"

    def get(self, key: str) -> Record | None:
        """The valid record of that key, if there is one; read again only where its file has changed."""
        path = self.path(key)
        try:
            state = path.stat()
        except OSError:
            return None
        version = (state.st_mtime_ns, state.st_size, state.st_ino)
        if key not in self._read or self._read[key][0] != version:
            self._read[key] = (version, read_if_there(Record, path))
        record = self._read[key][1]
        return record if record is not None and record.key == key else None

    def state(self, key: str, identity: Mapping[str, Any]) -> State:
        """What there is of the cell of that key, which a plan describes as `identity`."""
        record = self.get(key)
        if record is None:
            return _state_of_file(Record, self.path(key))
        if record.is_of(identity):
            return "valid"
        return "foreign" if revisions(_configs(record)) != revisions(identity["axes"]) else "damaged"

    def put(self, record: Record, force: bool = False) -> None:
        """Store a record. With the lock of its key held. A measured record is not replaced by a failed one unless
        with `force`. Raises RecordError where what is there was made by another version."""
        check_own(Record, self.path(record.key))
        if record.status != "ok" and not force:
            there = self.get(record.key)
            if there is not None and there.status == "ok":
                return  # a measurement that is there is worth more than a failure to repeat it
        write_atomically(self.path(record.key), record.model_dump_json(exclude_defaults=True) + "\n")

    def keys(self, beginning: str) -> list[str]:
        """Of all records whose key begins so, damaged ones included."""
        stems = (path.stem for path in (self.root / "records").glob("*/*.json"))
        return sorted(key for key in stems if key.startswith(beginning))

    # --- boards ----------------------------------------------------------------------------------------------------

    def boards(self) -> list[str]:
        """The names of all boards."""
        return sorted(path.stem for path in self._boards.glob("*.json"))

    def board_path(self, name: str) -> Path:
        """Where the manifest of a board lies."""
        return self._boards / f"{name}.json"

    def board(self, name: str) -> Manifest | None:
        """The manifest of a board; None where there is none, or a damaged one."""
        found: Manifest | None = read_if_there(Manifest, self.board_path(name))
        return found

    def put_board(self, name: str, board: Manifest) -> None:
        """Store a manifest. Raises RecordError where what is there was made by another version."""
        check_own(Manifest, self.board_path(name))
        write_atomically(self.board_path(name), board.model_dump_json(indent=1) + "\n")

    def of_board(self, board: Manifest) -> dict[str, Record]:
        """The valid records of a board by key."""
        records = {line.key: self.get(line.key) for line in board.lines}
        return {key: record for key, record in records.items() if record is not None}

    def add_to_board(
        self, name: str, new: Manifest, finished: Callable[[Manifest], Manifest] = lambda board: board
    ) -> None:
        """Put a board where there is none, or one of another content; else add its lines to the one that is there.
        What is stored is `finished` first."""
        with self.locked(name):
            earlier = self.board(name)
            if earlier is not None and earlier.content == new.content:
                new = earlier.with_added(new).model_copy(update={"title": new.title})
            if (new := finished(new)) != earlier:
                self.put_board(name, new)


FOREIGN = (
    "was made by another version of blurbench or of a plugin, or cannot be read, and is left alone: use another "
    "results folder, or move it away to have it measured again"
)


def check_own(model: type[BaseModel], path: Path) -> None:
    """Raise RecordError where a `model` is to be written over what another version made, or what cannot be read."""
    if _state_of_file(model, path) == "foreign":
        raise RecordError(f"{path} {FOREIGN}")


def _state_of_file(model: type[BaseModel], path: Path) -> State:
    """Of a file that is read as a `model`; a sound one of another cell is `damaged`."""
    try:
        path.lstat()
    except FileNotFoundError:
        return "missing"
    except OSError:
        return "foreign"
    if not is_regular(path):
        return "foreign"
    try:
        model.model_validate_json(path.read_bytes())
    except OSError:
        return "foreign"
    except ValidationError as error:
        return "foreign" if any(map(_is_of_another_version, error.errors(include_url=False))) else "damaged"
    return "damaged"


def _is_of_another_version(error: Mapping[str, Any]) -> bool:
    """Whether a file may be sound where more is known: another version is stated, or fields unheard of are there."""
    return error["type"] in ("extra_forbidden", "union_tag_invalid") or error["loc"] == ("schema_version",)


def _configs(record: Record) -> dict[str, Any]:
    return {axis: {"config": value.config} for axis, value in record.axes.items()}


def revisions(value: Any) -> list[tuple[str, Any]]:
    """Every plugin inside configs, with its revision."""
    if isinstance(value, list):
        return [pair for inner in value for pair in revisions(inner)]
    if not isinstance(value, Mapping):
        return []
    own = [(str(value["name"]), value["revision"])] if {"name", "revision"} <= value.keys() else []
    return [*own, *(pair for name in sorted(value) for pair in revisions(value[name]))]


def read_if_there(model: Any, path: Path) -> Any:
    """The valid `model` in a file, or None: a damaged file counts as none, and so does what is no plain file."""
    if not is_regular(path):
        return None
    try:
        return read(model, path.read_bytes(), path.name)
    except (OSError, RecordError):
        return None
