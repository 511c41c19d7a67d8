"""The results folder: records, artifacts, decoded data, timings, boards and logs, all content-addressed.

    records/ab/abcd....json        one validated record a cell
    artifacts/abcd.../             state.safetensors, artifact.json: one fitted thing
    data/abcd.../                  decoded images of one data set
    timings/abcd....json           milliseconds an image of one pipeline
    samples/abcd....npz            a few images of a cell: clean, blurred, restored; or an estimator's maps
    boards/NAME.json               which cells make up a board; beside it the board as markdown, CSV and web page
    papers/NAME.BUDGET.md          what `reproduce` tells, with JSON and curves beside it
    logs/abcd....log               what a task printed, and its traceback
    locks/                         one empty file a key, held while its task is under way; beside it who holds it

Everything is written to a temporary name beside its place, flushed to disk and renamed: a reader sees all of it or
nothing, whenever the writer is killed. Any number of processes on any number of hosts may use one folder; locks only
spare them doing a thing twice.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from blurbench.errors import UsageError
from blurbench.store.artifacts import ArtifactStore
from blurbench.store.files import is_regular, write_atomically
from blurbench.store.locks import Locks
from blurbench.store.record import Timing
from blurbench.store.records import RecordStore, check_own, read_if_there

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Store"]

FOLDERS = ("records", "artifacts", "data", "timings", "samples", "boards", "logs", "locks")
_IGNORED = "*\n"


class Store:
    """A results folder."""

    def __init__(self, root: Path) -> None:
        self.root = root.expanduser().absolute()
        self.locks = Locks(self.root / "locks")
        self.records = RecordStore(self.root, self.locked)
        self.artifacts = ArtifactStore(self.root)

    def create(self) -> None:
        """Make the folder, and check that it can be written to. Refuses a folder that holds something else."""
        is_new = not self.root.exists()
        if not is_new and self.root.is_dir() and self._is_somebody_elses():
            raise UsageError(f"{self.root} holds other files; name a new or an empty folder for the results")
        try:
            for name in FOLDERS:
                (self.root / name).mkdir(parents=True, exist_ok=True)
            if is_new:
                write_atomically(self.root / ".gitignore", _IGNORED)
        except OSError as error:
            raise UsageError(f"cannot write to the results folder {self.root}: {error.strerror}") from None

    def _is_somebody_elses(self) -> bool:
        """Whether something else lies there, and what a run makes does not."""
        there = {path.name for path in self.root.iterdir() if path.name != ".gitignore" or path.read_text() != _IGNORED}
        return bool(there - set(FOLDERS)) and not {"records", "artifacts", "timings"} <= there

    def locked(self, key: str, waiting: Callable[[], None] = lambda: None) -> AbstractContextManager[None]:
        """See `Locks.waited_for`."""
        return self.locks.waited_for(key, waiting)

    # --- what tasks ask --------------------------------------------------------------------------------------------

    def has_artifact(self, key: str) -> bool:
        """See `ArtifactStore.has`."""
        return self.artifacts.has(key)

    def artifact(self, key: str) -> Mapping[str, Any] | None:
        """See `ArtifactStore.get`."""
        return self.artifacts.get(key)

    def artifact_of(self, key: str) -> str | None:
        """The key of what was fitted for a cell, as the boards say; None where none does."""
        boards = (self.records.board(name) for name in self.records.boards())
        lines = (line for board in boards if board is not None for line in board.lines)
        return next((line.artifact for line in lines if line.key == key and line.artifact), None)

    def is_measured(self, key: str, identity: Mapping[str, Any]) -> bool:
        """Whether there is a measured record of the cell that a plan describes so."""
        record = self.records.get(key)
        return record is not None and record.status == "ok" and record.is_of(identity)

    def has_timing(self, key: str) -> bool:
        """Whether there is a sound timing."""
        return self.timing(key) is not None

    # --- samples ---------------------------------------------------------------------------------------------------

    def put_samples(self, key: str, samples: Mapping[str, NDArray[np.uint8]]) -> None:
        """Keep a few images of a cell, each array (N, C, H, W), for the pictures beside a board."""
        import numpy as np

        buffer = io.BytesIO()
        np.savez_compressed(buffer, **dict(samples))  # type: ignore[arg-type] # names are not the function's own options
        write_atomically(self.root / "samples" / f"{key}.npz", buffer.getvalue())

    def samples(self, key: str, wanted: Collection[str]) -> dict[str, NDArray[np.uint8]]:
        """The images kept of a cell by name; none if some that are wanted are not there, or where they are damaged."""
        import numpy as np

        path = self.root / "samples" / f"{key}.npz"
        if not is_regular(path):
            return {}
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
                found = dict(stored)
        except (*_UNREADABLE, zipfile.BadZipFile, zlib.error):
            return {}
        return found if _are_images(found, wanted) else {}

    # --- timings ---------------------------------------------------------------------------------------------------

    def timing(self, key: str) -> Timing | None:
        """The timing of that key, if it is there and sound."""
        found: Timing | None = read_if_there(Timing, self.root / "timings" / f"{key}.json")
        return found if found is not None and found.key == key else None

    def put_timing(self, timing: Timing) -> None:
        """Store a timing. Raises RecordError where what is there was made by another version."""
        check_own(Timing, path := self.root / "timings" / f"{timing.key}.json")
        write_atomically(path, timing.model_dump_json(indent=1) + "\n")

    # --- logs ------------------------------------------------------------------------------------------------------

    def log_path(self, key: str) -> Path:
        """Where the log of a task lies."""
        return self.root / "logs" / f"{key}.log"


_UNREADABLE = (OSError, EOFError, ValueError, TypeError, AttributeError, RuntimeError, KeyError, MemoryError)
"""What reading a damaged file of arrays raises."""


def _are_images(arrays: Mapping[str, NDArray[Any]], wanted: Collection[str]) -> bool:
    """Whether all are bytes, (N, C, H, W) or maps (N, H, W), and those that are wanted are there: images of one size,
    and so the maps."""
    import numpy as np

    sizes = {(arrays[name].ndim, arrays[name].shape[-2:]) for name in wanted if name in arrays}
    sound = all(
        isinstance(value, np.ndarray)
        and value.dtype == np.uint8
        and value.size
        and (value.ndim == 3 or (value.ndim == 4 and value.shape[1] in (1, 3)))
        for value in arrays.values()
    )
    return sound and set(wanted) <= arrays.keys() and len(sizes) == len(dict(sizes))
