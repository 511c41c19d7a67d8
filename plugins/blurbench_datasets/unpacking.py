"""Compressed files, of which no more is ever unpacked than was asked for."""

from __future__ import annotations

import bz2
import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from blurbench.imaging.files import open_regular


@contextmanager
def unpacking(path: Path) -> Iterator[BinaryIO]:
    """The content of a file, which is unpacked as it is read where its name ends in .gz or .bz2.

    Raises:
        OSError, EOFError, zlib.error: while it is read, too; a file that is none, such as a pipe, is not opened.
    """
    with open_regular(path) as raw:
        if path.suffix == ".gz":
            with gzip.GzipFile(fileobj=raw) as file:
                yield cast(BinaryIO, file)
        elif path.suffix == ".bz2":
            with bz2.BZ2File(raw) as file:
                yield cast(BinaryIO, file)
        else:
            yield raw


def unpacked(path: Path, most: int) -> bytes:
    """All of a file; raises what `unpacking` raises, and ValueError where it is larger than `most` bytes."""
    with unpacking(path) as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise ValueError(f"more than {most:,} bytes, which it never is")
    return content
