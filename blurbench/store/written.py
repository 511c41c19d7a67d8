"""Files for the folders where users keep their own things: all are written or none, and nothing of theirs is lost."""

from __future__ import annotations

import os
import re
import zipfile
import zlib
from collections.abc import Collection, Mapping
from pathlib import Path
from tempfile import NamedTemporaryFile

from blurbench.errors import UsageError

__all__ = ["MARK", "check_replaceable", "write_all"]

MARK = "written by blurbench"
"""What generated pictures say of themselves, where no reader sees it."""

_HEAD = 6000
"""Bytes that are looked at."""

_OURS = {
    ".md": r"# Published results\n\nWritten by `blurbench |# .*\n\n(- )?Suite \S+ version \d+, budget "
    r"|# .*: published beside measured\n|# How fast .*blurbench|# The standard GPU matrix\n",
    ".csv": r"suite,suite_version,budget,dataset,|(tested_on,blur|dataset,test_blur),estimator,fitted_on,split,seed,",
    ".json": r'\{\s*"format": \d+,\s*"title": |\{\s*"title": [^\n]*\n\s*"suite": '
    r'|\{\s*"(kind": "|measure": "blur-)estimation",\s*"suite": |\{\s*"schema_version": \d+,\s*"name": '
    r'|\{\s*"command": "blurbench (time|gpu)\b|\{\s*"images": [^\n]*\n\s*"classifier": ',
    ".tex": r"% .*\n% suite .*; written by blurbench\n",
    ".html": r"<!doctype html>\n<html lang=\"en\">(.|\n)*?(<title>blurbench: published results</title>"
    r"|Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n<title>Diagnosis of "
    r"|Content-Security-Policy\" content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src)",
}
"""How texts of ours begin, those of earlier versions too."""


def write_all(folder: Path, files: Mapping[str, str | bytes]) -> list[Path]:
    """Write `files`, by name, into `folder`; nobody ever sees some of them new and some old, unless the machine stops
    in the middle of the renames.

    Raises UsageError, and changes nothing, where one would replace a file that blurbench did not write, or cannot be
    written.
    """
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder}: this is a file; a folder is wanted")
    paths = {folder / name: content for name, content in files.items()}
    check_replaceable(paths)
    made: dict[Path, Path] = {}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, content in paths.items():
            made[path] = _beside(path, content.encode() if isinstance(content, str) else content)
        for path, temporary in made.items():
            os.replace(temporary, path)
    except OSError as error:
        raise UsageError(f"cannot write to {error.filename or folder}: {error.strerror}; nothing is written") from None
    finally:
        for temporary in made.values():
            temporary.unlink(missing_ok=True)
    return list(paths)


def check_replaceable(paths: Collection[Path]) -> None:
    """Raise UsageError where a file would be replaced that blurbench did not write. For before a long measurement."""
    if foreign := [path for path in paths if not _is_replaceable(path)]:
        more = f" (and {len(foreign) - 1} more)" if len(foreign) > 1 else ""
        raise UsageError(
            f"{foreign[0]}{more} was not written by blurbench, so it stays and nothing is written; name another place"
        )


def _beside(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}-", delete=False) as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary = Path(file.name)
    temporary.chmod(0o666 & ~_umask())
    return temporary


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _is_replaceable(path: Path) -> bool:
    if not os.path.lexists(path):
        return True
    if path.is_symlink() or not path.is_file():
        return False
    if path.suffix == ".zip":
        return _is_bundle(path)
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if path.suffix in _OURS:
        return not head.strip() or re.match(_OURS[path.suffix], head.decode("utf-8", "replace")) is not None
    return MARK.encode() in head or _is_beside_ours(path)


def _is_beside_ours(path: Path) -> bool:
    """Pictures of before they said whose they are: their board lies beside them, under the beginning of their name."""
    boards = (path.parent / f"{path.name[:end]}.md" for end in range(1, len(path.name)) if path.name[end] == ".")
    return any(board.is_file() and _is_replaceable(board) for board in boards)


def _is_bundle(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as packed, packed.open("manifest.json") as manifest:
            return b'"format": "blurbench bundle' in manifest.read(100)
    except (zipfile.BadZipFile, zlib.error, EOFError, KeyError, NotImplementedError, RuntimeError, ValueError, OSError):
        return not path.stat().st_size
