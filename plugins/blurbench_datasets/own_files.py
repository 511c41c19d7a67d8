"""A user's own files: where they are, and what lies in a folder or in a zip file, which are read alike."""

from __future__ import annotations

import io
import logging
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import BinaryIO, TypeAlias, cast
from zipfile import BadZipFile, ZipFile, ZipInfo

from blurbench.errors import Unavailable, UsageError, shortened
from blurbench.imaging.files import ENDINGS, Tree, is_picture, is_shown, list_tree, open_regular

Opener: TypeAlias = Callable[[str], AbstractContextManager[BinaryIO]]
"""What opens a file by its name in the tree."""

SMALL = 2**26
"""Bytes of a zip file's entry that are unpacked in memory; more are unpacked as they are read."""
BYTES_A_PIXEL = 8
"""Of a picture in a file: four channels of 16 bits."""


# --- where ---------------------------------------------------------------------------------------------------------


def find_place(name: str, path: str, folders: Sequence[Path], what: str) -> Path:
    """Where the data set `name` has its files: `path` as it is where it is absolute or begins with `~`; from where one
    stands where it begins with `./` or `../`; else inside the first of the data `folders` that has it.

    Raises:
        Unavailable: it is nowhere. `what` says what to give.
        UsageError: there is something, but no folder and no file.
    """
    for place in _places(path, folders):
        try:
            mode = place.stat().st_mode
        except (FileNotFoundError, NotADirectoryError, ValueError):
            continue
        except OSError as error:
            raise UsageError(f"{place}: cannot be looked at ({error.strerror})") from None
        if not (stat.S_ISDIR(mode) or stat.S_ISREG(mode)):
            raise UsageError(f"{place}: this is neither a folder nor a file; {what}")
        return place
    raise missing(name, path, what)


def _places(path: str, folders: Sequence[Path]) -> list[Path]:
    wanted = Path(os.path.expanduser(path))
    if wanted.is_absolute() or _from_here(path):
        return [wanted.absolute()]
    return [folder / wanted for folder in folders] or [wanted.absolute()]


def _from_here(path: str) -> bool:
    return PurePosixPath(path).parts[:1] == ("..",) or path == "." or path.startswith("./")


def missing(name: str, path: str, what: str) -> Unavailable:
    """The error to raise where `path` is nowhere."""
    if _from_here(path) or path.startswith(("~", "/")):
        return Unavailable(f"{name}: there is no {path}; {what}")
    here = f"; for the one in the current folder give path=./{path}" if Path(path).exists() else ""
    return Unavailable(f"{name}: {path} is not in any data folder; {what}{here}")


# --- what lies there -----------------------------------------------------------------------------------------------


def tree_of(place: Path) -> Tree:
    """Raises UsageError where the folder or zip file cannot be listed, and where what has a picture's name is none."""
    if place.is_dir():
        tree = list_tree(place)
        for name in sorted(filter(is_picture, tree.odd)):
            raise UsageError(f"{place / name}: {_what_it_is(place / name)}; replace it by the picture, or remove it")
    else:
        with _zip(place) as archive:
            tree = _listed(place, archive)
    for name in filter(is_picture, tree.folders):
        raise UsageError(f"{place / name}: a folder with the name of a picture; rename it")
    return tree


def _what_it_is(path: Path) -> str:
    try:
        open_regular(path).close()
    except FileNotFoundError:
        return "a link that leads nowhere"
    except OSError as error:
        return str(error.strerror)
    return "it was no file a moment ago"


def _zip(place: Path) -> ZipFile:
    try:
        return ZipFile(place)
    except (BadZipFile, OSError, NotImplementedError, ValueError) as error:
        raise UsageError(f"{place}: cannot be read as a zip file ({error}); pack it anew") from None


def _listed(place: Path, archive: ZipFile) -> Tree:
    files: set[str] = set()
    folders: set[str] = set()
    for entry in archive.infolist():
        name = entry.filename.rstrip("/")
        if not name or not is_shown(name):
            continue
        if entry.is_dir():
            folders.add(name)
        elif name in files:
            raise UsageError(f"{place / name}: this name is twice in the zip file; pack it anew")
        elif stat.S_ISLNK(entry.external_attr >> 16) and is_picture(name):
            raise UsageError(f"{place / name}: a link in a zip file; pack the picture itself")
        else:
            files.add(name)
        while (name := name.rpartition("/")[0]) and name not in folders:
            folders.add(name)
    return Tree(tuple(sorted(files)), tuple(sorted(folders)))


@contextmanager
def opened(place: Path, megapixels: int) -> Iterator[Opener]:
    """What opens files of a folder or zip file. Entries that state to be larger than a picture may be are refused."""
    if place.is_dir():
        yield lambda name: open_regular(place / name)
        return
    with _zip(place) as archive:
        yield lambda name: _entry(archive, archive.getinfo(name), BYTES_A_PIXEL * megapixels * 10**6)


def _entry(archive: ZipFile, entry: ZipInfo, most: int) -> BinaryIO:
    if entry.file_size > most:
        raise ValueError(
            f"it would unpack to {entry.file_size:,} bytes, and a picture of the megapixels that are allowed has "
            f"{most:,} at most"
        )
    if entry.file_size <= SMALL:
        return io.BytesIO(archive.read(entry))
    return cast(BinaryIO, archive.open(entry))


# --- what is said --------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1000)
def say(text: str) -> None:
    """Tell the user, in one line on the terminal, and once: planning asks for the same files again and again."""
    logging.getLogger("blurbench").warning("%s", shortened(text))


def not_read(place: Path, tree: Tree) -> str:
    """What lies there and is not taken for a picture, by its ending: how much, and an example; "" where nothing is."""
    others = [name for name in tree.files if not is_picture(name)]
    if not others:
        return ""
    files = "file is" if len(others) == 1 else "files are"
    return (
        f"{place}: {len(others):,} other {files} not read, such as {others[0]} "
        f"(pictures end in {', '.join(sorted(ENDINGS))})"
    )
