"""Files that are all there or not there at all, whoever is killed while writing, on however many hosts."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import socket
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

__all__ = ["building", "host_name", "is_regular", "remove", "utf8_path", "write_atomically"]


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write a file so that readers see the old content or the new, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    clear_leftovers(path)
    temporary = path.with_name(_temporary_name(path.name))
    try:
        with temporary.open("wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def building(final: Path, is_there: Callable[[], bool] = lambda: False) -> Iterator[Path]:
    """A temporary folder that becomes `final` in one rename. Call it with the lock of what is built held; where locks
    do not hold, what `is_there` by then stays: somebody reads it."""
    clear_leftovers(final)
    folder = final.with_name(_temporary_name(final.name))
    folder.mkdir(parents=True)
    try:
        yield folder
        for path in folder.iterdir():
            _flush(path)
        if not is_there():
            remove(final)  # damaged, or it would not be written again
            _place(folder, final)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _place(folder: Path, final: Path) -> None:
    try:
        folder.rename(final)
    except OSError as error:
        if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
            raise
        return  # where locks do not hold, somebody else was first just now: theirs stays
    _flush(final.parent)


def remove(path: Path) -> None:
    """Remove a file, a link or a folder, if there is one."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def is_regular(path: Path) -> bool:
    """Whether there is a plain file: a pipe or a device is never read."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except OSError:
        return False


# --- names of files in the making ----------------------------------------------------------------------------------


def _temporary_name(name: str) -> str:
    """Names the host and the process that writes, and is taken by nobody else."""
    return f".{name}-{host_name()}-{os.getpid()}-{secrets.token_hex(4)}"


def host_name() -> str:
    """Of this machine, as it may stand in a file name."""
    return "".join(sign if sign.isalnum() else "." for sign in socket.gethostname()) or "localhost"


def clear_leftovers(path: Path) -> None:
    """Remove what processes of this host that were killed while they wrote `path` left beside it. What another host
    is writing is nobody else's business."""
    for leftover in path.parent.glob(f".{_escaped(path.name)}-{host_name()}-*-*"):
        process = leftover.name.rsplit("-", 2)[1]
        if process.isdigit() and not _is_alive(int(process)):
            with suppress(OSError):
                remove(leftover)


def _escaped(name: str) -> str:
    """For a glob pattern."""
    return "".join(f"[{sign}]" if sign in "*?[" else sign for sign in name)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def utf8_path(folder: Path) -> Iterator[Path]:
    """The folder under a name that is UTF-8, for libraries that take no other."""
    try:
        str(folder).encode()
    except UnicodeEncodeError:
        with tempfile.TemporaryDirectory(prefix="blurbench-") as place:
            link = Path(place) / "folder"
            link.symlink_to(folder.absolute(), target_is_directory=True)
            yield link
    else:
        yield folder
