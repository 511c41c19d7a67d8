"""Who does what in a results folder: a lock a key and, while it is held, a note beside it that says who holds it.

Locks only spare processes doing a thing twice. Where the file system has none that hold, all goes on without.
"""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout
from pydantic import Field

from blurbench.errors import UsageError
from blurbench.measurements.schema import Stored, Text
from blurbench.store.files import host_name
from blurbench.store.provenance import cluster_job
from blurbench.store.records import read_if_there

__all__ = ["Held", "Holder", "Locks"]

MISSING = {errno.ENOSYS, errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP}
"""What a file system answers that has no locks."""

RUN = "run-"
"""The locks of whole runs are called so."""


class Held(Exception):
    """Another process holds the lock."""


class Holder(Stored):
    """Who holds a lock."""

    what: Text
    host: Text
    process: int
    job: Text = ""
    """Of the cluster's scheduler."""
    since: Text
    versions: dict[Text, Text] = Field(default={})
    """Of a run: the packages that its plugins come from."""


class Locks:
    """The locks of a results folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextmanager
    def waited_for(self, key: str, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
        """Hold the lock of `key`; while another process holds it, call `waiting` about once a second."""
        lock = self._lock(key)
        while not _is_had(lock, seconds=1.0):
            waiting()
        with _let_go(lock):
            yield

    @contextmanager
    def at_once(self, key: str, what: str = "", versions: Mapping[str, str] | None = None) -> Iterator[None]:
        """Hold the lock of `key`, with a note of `what` is done if that is said. Raises Held where another process
        holds it."""
        lock = self._lock(key)
        if not _is_had(lock):
            raise Held(key)
        with _let_go(lock), _note(self.folder / f"{key}.json", what, versions or {}):
            yield

    @contextmanager
    def joined(self, what: str, versions: Mapping[str, str]) -> Iterator[None]:
        """Say that a run goes on in this folder, as long as the block does.

        Raises:
            UsageError: a run with other versions goes on here.
        """
        with self._of_a_run() as key, self.at_once(key, what, versions):
            for name, holder in self.under_way().items():
                if name != key:
                    _check_versions(holder, versions)
            yield

    def under_way(self) -> dict[str, Holder]:
        """Who holds a lock now, by key; what killed processes left behind is cleared away."""
        notes = {path.stem: read_if_there(Holder, path) for path in sorted(self.folder.glob("*.json"))}
        return {key: holder for key, holder in notes.items() if not self._is_stale(key) and holder is not None}

    def hold(self) -> bool:
        """Whether a lock that is held here cannot be had a second time, as it should be."""
        with self._of_a_run() as key, self.at_once(key):
            return not _is_had(self._lock(key))

    @contextmanager
    def _of_a_run(self) -> Iterator[str]:
        """The name of a lock that nobody else takes."""
        key = f"{RUN}{host_name()}-{os.getpid()}-{secrets.token_hex(4)}"
        try:
            yield key
        finally:
            (self.folder / f"{key}.lock").unlink(missing_ok=True)

    def _is_stale(self, key: str) -> bool:
        """Whether nobody holds the lock of a note any more."""
        lock = self._lock(key)
        try:
            if not _is_had(lock):
                return False
        except OSError:  # a folder of somebody else's
            return False
        with _let_go(lock), suppress(OSError):
            (self.folder / f"{key}.json").unlink(missing_ok=True)
            if key.startswith(RUN):  # its name is taken by nobody else
                (self.folder / f"{key}.lock").unlink(missing_ok=True)
        return True

    def _lock(self, key: str) -> FileLock:
        return FileLock(self.folder / f"{key}.lock", fallback_to_soft=False)


def _is_had(lock: FileLock, seconds: float = 0.0) -> bool:
    """Try to take a lock for so long."""
    try:
        lock.acquire(timeout=seconds, poll_interval=0.05)
    except Timeout:
        return False
    except NotImplementedError:
        return True
    except OSError as error:
        if error.errno not in MISSING:
            raise
    return True


@contextmanager
def _let_go(lock: FileLock) -> Iterator[None]:
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _note(path: Path, what: str, versions: Mapping[str, str]) -> Iterator[None]:
    """A note for others to read. Not worth a flush to disk, nor an error."""
    if not what:
        yield
        return
    now = datetime.now(UTC).isoformat(timespec="seconds")
    holder = Holder(
        what=what, host=host_name(), process=os.getpid(), job=cluster_job(), since=now, versions=dict(versions)
    )
    with suppress(OSError):
        path.write_text(holder.model_dump_json() + "\n", encoding="utf-8")
    try:
        yield
    finally:
        with suppress(OSError):
            path.unlink(missing_ok=True)


def _check_versions(other: Holder, versions: Mapping[str, str]) -> None:
    for package in sorted(versions.keys() & other.versions.keys()):
        if versions[package] != other.versions[package]:
            raise UsageError(
                f"a run on {other.host} (process {other.process}) goes on in this folder with {package} "
                f"{other.versions[package]}, and this one has {versions[package]}: install the same, or wait for it"
            )
