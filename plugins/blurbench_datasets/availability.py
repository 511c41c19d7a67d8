"""One clear line for data that are not on this machine or cannot be downloaded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException
from zipfile import BadZipFile

from blurbench.errors import Unavailable


def missing(name: str, file: str, also: str = "") -> Unavailable:
    """The error to raise where `file` of the data set `name` lies in none of the data folders."""
    return Unavailable(
        f"{name}: {file} is not in any data folder; get it with 'blurbench data fetch {name}'{also}, "
        "or say where it is with --data-dir or BLURBENCH_DATA"
    )


@contextmanager
def downloading(name: str) -> Iterator[None]:
    """Turn a failed download of the data set `name` into Unavailable."""
    try:
        yield
    except (OSError, RuntimeError, EOFError, HTTPException, BadZipFile) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise Unavailable(f"{name} could not be downloaded: {reason}") from None
