"""The results folder: records, artifacts, decoded data, timings, manifests and logs, all content-addressed.

    records/ab/abcd....json        one validated record a cell
    estimations/ab/abcd....json    the same of estimators, and NAME.json, which cells make up a board
    artifacts/abcd.../             state.safetensors, artifact.json: one fitted thing
    data/abcd.../                  decoded images of one data set
    timings/abcd....json           milliseconds an image of one pipeline
    samples/abcd....npz            a few images of a cell: clean, blurred, restored; or an estimator's maps
    boards/NAME.json               which cells make up a board; beside it the board as markdown, CSV and web page
    papers/NAME.BUDGET.md          what `reproduce` tells, with JSON and curves beside it
    logs/abcd....log               what a task printed, and its traceback
    locks/                         one empty file a key, held while its task is under way

Everything is written to a temporary name beside its place, flushed to disk and renamed: a reader sees all of it or
nothing, whenever the writer is killed.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from filelock import FileLock, Timeout

from blurbench.errors import RecordError, UsageError
from blurbench.results.estimation import Board, Estimation
from blurbench.results.files import building, is_regular, write_atomically
from blurbench.results.record import AnyBoard, AnyRecord, Manifest, Record, Timing, read

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["FOREIGN", "Shelf", "Store", "read_if_there", "write_atomically"]

STATE, ABOUT = "state.safetensors", "artifact.json"


R = TypeVar("R", bound=AnyRecord)
B = TypeVar("B", bound=AnyBoard)


class Shelf(Generic[R, B]):
    """Where a results folder keeps the records of one kind, and which of them make up a board."""

    def __init__(self, store: Store, records: str, record_type: type[R], boards: str, board_type: type[B]) -> None:
        self.store, self.records, self.record_type, self.board_type = store, records, record_type, board_type
        self._boards = store.root / boards
        self._read: dict[str, tuple[tuple[int, int, int], R | None]] = {}

    def record_path(self, key: str) -> Path:
        return self.store.root / self.records / key[:2] / f"{key}.json"

    def record(self, key: str) -> R | None:
        """The valid record of that key, if there is one; a damaged file counts as none and will be written anew."""
        path = self.record_path(key)
        try:
            state = path.stat()
        except OSError:
            return None
        version = (state.st_mtime_ns, state.st_size, state.st_ino)
        if key not in self._read or self._read[key][0] != version:
            self._read[key] = (version, read_if_there(self.record_type, path))
        found = self._read[key][1]
        return found if found is not None and found.key == key else None

    def put_record(self, record: R) -> None:
        """Raises RecordError where what is there was made by another version: it is never replaced."""
        if self.is_foreign(record.key):
            raise RecordError(f"{self.record_path(record.key)} {FOREIGN}")
        write_atomically(self.record_path(record.key), record.model_dump_json(exclude_defaults=True) + "\n")

    def is_foreign(self, key: str) -> bool:
        """Whether there is a file in the record's place that this version neither uses nor replaces: it was made by
        another version of blurbench, or cannot be read. A damaged file is neither."""
        path = self.record_path(key)
        try:
            path.lstat()
        except FileNotFoundError:
            return False
        except OSError:
            return True
        if not is_regular(path):
            return True
        try:
            content = json.loads(path.read_bytes())
        except OSError:
            return True
        except (ValueError, RecursionError):
            return False
        return isinstance(content, dict) and _is_of_another_version(content, self.record_type)

    def keys(self, beginning: str) -> list[str]:
        """Of all records whose key begins so, damaged ones included."""
        found = (path.stem for path in (self.store.root / self.records).glob("*/*.json"))
        return sorted(key for key in found if key.startswith(beginning))

    def boards(self) -> list[str]:
        """The names of all boards."""
        return sorted(path.stem for path in self._boards.glob("*.json"))

    def board_path(self, name: str) -> Path:
        return self._boards / f"{name}.json"

    def board(self, name: str) -> B | None:
        found: B | None = read_if_there(self.board_type, self.board_path(name))
        return found

    def put_board(self, name: str, board: B) -> None:
        write_atomically(self.board_path(name), board.model_dump_json(indent=1) + "\n")

    def records_of(self, board: B) -> dict[str, R]:
        """The valid records of a board by key."""
        found = {line.key: self.record(line.key) for line in board.lines}
        return {key: record for key, record in found.items() if record is not None}

    def add_to_board(self, name: str, new: B, finished: Callable[[B], B] = lambda board: board) -> None:
        """Put a board where there is none, or one of another content; else add its lines to the one that is there.
        What is stored is `finished` first."""
        with self.store.locked(name, waiting=lambda: None):
            earlier = self.board(name)
            if earlier is not None and earlier.content == new.content:
                new = earlier.with_added(new).model_copy(update={"title": new.title})
            if (new := finished(new)) != earlier:
                self.put_board(name, new)


class Store:
    """A results folder. Any number of processes may use one at the same time."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self.cells = Shelf(self, "records", Record, "boards", Manifest)
        self.estimations = Shelf(self, "estimations", Estimation, "estimations", Board)
        self.shelves: tuple[Shelf[Any, Any], ...] = (self.cells, self.estimations)

    def create(self) -> None:
        """Make the folder, and check that it can be written to. Refuses a folder that holds something else."""
        is_new = not self.root.exists()
        if not is_new and self.root.is_dir() and any(self.root.iterdir()) and not (self.root / "records").is_dir():
            raise UsageError(f"{self.root} holds other files; name a new or an empty folder for the results")
        try:
            for name in ("records", "artifacts", "data", "timings", "samples", "boards", "logs", "locks"):
                (self.root / name).mkdir(parents=True, exist_ok=True)
            if is_new:
                write_atomically(self.root / ".gitignore", "*\n")
        except OSError as error:
            raise UsageError(f"cannot write to the results folder {self.root}: {error.strerror}") from None

    # --- locks -----------------------------------------------------------------------------------------------------

    @contextmanager
    def locked(self, key: str, waiting: Callable[[], None]) -> Iterator[None]:
        """Hold the lock of `key`; while another process holds it, call `waiting` about once a second."""
        lock = FileLock(self.root / "locks" / f"{key}.lock", fallback_to_soft=False)
        while True:
            try:
                lock.acquire(timeout=1.0, poll_interval=0.05)
                break
            except Timeout:
                waiting()
        try:
            yield
        finally:
            lock.release()

    def shelf_for(self, thing: AnyBoard | AnyRecord) -> Shelf[Any, Any]:
        """The shelf that a board or a record belongs on."""
        return next(shelf for shelf in self.shelves if isinstance(thing, (shelf.record_type, shelf.board_type)))

    def shelf_of(self, board: str) -> Shelf[Any, Any]:
        """The shelf with the board of that name; the classifiers' where there is none."""
        return next((shelf for shelf in self.shelves if board in shelf.boards()), self.cells)

    # --- records of classifiers, and their boards ------------------------------------------------------------------

    def record_path(self, key: str) -> Path:
        return self.cells.record_path(key)

    def record(self, key: str) -> Record | None:
        """See `Shelf.record`."""
        return self.cells.record(key)

    def put_record(self, record: Record) -> None:
        self.cells.put_record(record)

    def manifest(self, name: str) -> Manifest | None:
        return self.cells.board(name)

    def put_manifest(self, name: str, manifest: Manifest) -> None:
        self.cells.put_board(name, manifest)

    def boards(self) -> list[str]:
        """The names of all boards of classifiers."""
        return self.cells.boards()

    def board_path(self, name: str, suffix: str) -> Path:
        """Of a file of a board, of estimators' boards too."""
        return self.root / "boards" / f"{name}{suffix}"

    # --- samples ---------------------------------------------------------------------------------------------------

    def put_samples(self, key: str, samples: Mapping[str, NDArray[np.uint8]]) -> None:
        """Keep a few images of a cell, each array (N, C, H, W), for the pictures beside a board."""
        import numpy as np

        buffer = io.BytesIO()
        np.savez_compressed(buffer, **dict(samples))  # type: ignore[arg-type] # names are not the function's own options
        write_atomically(self.root / "samples" / f"{key}.npz", buffer.getvalue())

    def samples(self, key: str) -> dict[str, NDArray[np.uint8]]:
        """The images kept of a cell by name; none if there are none."""
        import numpy as np

        try:
            with np.load(self.root / "samples" / f"{key}.npz", allow_pickle=False) as stored:
                return dict(stored)
        except (OSError, EOFError, ValueError, TypeError, AttributeError, zipfile.BadZipFile, zlib.error):
            return {}

    # --- timings ---------------------------------------------------------------------------------------------------

    def timing(self, key: str) -> Timing | None:
        found: Timing | None = read_if_there(Timing, self.root / "timings" / f"{key}.json")
        return found if found is not None and found.key == key else None

    def put_timing(self, timing: Timing) -> None:
        write_atomically(self.root / "timings" / f"{timing.key}.json", timing.model_dump_json(indent=1) + "\n")

    # --- artifacts -------------------------------------------------------------------------------------------------

    def artifact_path(self, key: str) -> Path:
        return self.root / "artifacts" / key

    def artifact(self, key: str) -> dict[str, Any] | None:
        """What `put_artifact` was told about it, if it is there and undamaged."""
        folder = self.artifact_path(key)
        try:
            if not (is_regular(folder / ABOUT) and is_regular(folder / STATE)):
                return None
            about: dict[str, Any] = json.loads((folder / ABOUT).read_bytes())
            complete = isinstance(about, dict) and {"kind", "job", "notes", "seconds", "images_seen"} <= about.keys()
            if not complete or about["sha256"] != _sha256(folder / STATE):
                return None
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None
        return about

    def has_artifact(self, key: str) -> bool:
        """Whether it is there; cheap, its content is checked when it is loaded."""
        return (self.artifact_path(key) / ABOUT).is_file()

    def put_artifact(self, key: str, about: Mapping[str, Any], save: Callable[[Path], None]) -> None:
        """Store an artifact; `save` writes its tensors to the path that it is given."""
        with self.building("artifacts", key) as folder:
            save(folder / STATE)
            about = {**about, "sha256": _sha256(folder / STATE)}
            (folder / ABOUT).write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")

    @contextmanager
    def building(self, kind: str, key: str) -> Iterator[Path]:
        """A temporary folder that becomes `kind/key` in one rename. Call it with the lock of `key` held."""
        with building(self.root / kind / key) as folder:
            yield folder

    # --- logs ------------------------------------------------------------------------------------------------------

    def log_path(self, key: str) -> Path:
        return self.root / "logs" / f"{key}.log"


FOREIGN = (
    "was made by another version of blurbench, or cannot be read, and is left alone: use another results folder, or "
    "move it away to have the cell measured again"
)


def _is_of_another_version(content: Mapping[str, Any], model: type[AnyRecord]) -> bool:
    version = content.get("schema_version", 1)
    is_number = isinstance(version, int) and not isinstance(version, bool)
    return (is_number and version != 1) or bool(content.keys() - model.model_fields.keys())


def read_if_there(model: Any, path: Path) -> Any:
    """The valid `model` in a file, or None: a damaged file counts as none, and so does what is no plain file."""
    if not is_regular(path):
        return None
    try:
        return read(model, path.read_bytes(), path.name)
    except (OSError, RecordError):
        return None


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
