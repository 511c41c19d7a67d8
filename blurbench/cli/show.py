"""`blurbench show`: one stored record in full."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from blurbench.cli import options
from blurbench.errors import UsageError
from blurbench.results.record import AnyRecord
from blurbench.results.store import Store

__all__ = ["show", "stored_record"]


def show(
    key: Annotated[str, typer.Argument(help="The key of a cell, or its first characters.")],
    out: options.Out = Path("blurbench-results"),
    images: Annotated[bool, typer.Option("--images", help="Also the answer for each test image.")] = False,
) -> None:
    """Print a stored record as JSON."""
    content = stored_record(Store(out), key).model_dump(exclude_defaults=True)
    if not images:
        content.pop("images", None)
    typer.echo(json.dumps(content, indent=2))


def stored_record(store: Store, prefix: str) -> AnyRecord:
    """The one record, of any kind, whose key begins with `prefix`."""
    found = [(shelf, key) for shelf in store.shelves for key in shelf.keys(prefix)]
    if not found:
        raise UsageError(f"no record begins with {prefix!r} in {store.root}; the board's CSV lists all keys")
    if len(found) > 1:
        raise UsageError(f"{len(found)} records begin with {prefix!r}; give more characters")
    ((shelf, key),) = found
    record: AnyRecord | None = shelf.record(key)
    if record is None:
        raise UsageError(f"{shelf.record_path(key)} is damaged; the run that made it writes it again")
    return record
