"""One clear line for data that are not on this machine or cannot be downloaded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from zipfile import BadZipFile

from blurbench.errors import Unavailable


def missing(name: str, file: str, folders: Sequence[Path], also: str = "") -> Unavailable:
    """The error to raise where `file` of the data set `name` lies in none of `folders`."""
    where = f"not in {', '.join(map(str, folders))}" if folders else "no data folder is given"
    return Unavailable(
        f"{name}: {file} is missing ({where}); get it by `blurbench data fetch {name}`{also}, "
        "or say where it is with `--data-dir DIR` or BLURBENCH_DATA=DIR"
    )


@contextmanager
def downloading(name: str) -> Iterator[None]:
    """Turn a failed download of the data set `name` into Unavailable."""
    try:
        yield
    except (OSError, RuntimeError, EOFError, HTTPException, BadZipFile) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise Unavailable(f"{name} could not be downloaded: {reason}") from None
