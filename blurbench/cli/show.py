"""`blurbench show`: one stored record in full."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from blurbench.cli import options
from blurbench.errors import UsageError
from blurbench.results.record import Record
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


def stored_record(store: Store, prefix: str) -> Record:
    """The one record whose key begins with `prefix`."""
    paths = [path for path in (store.root / "records").glob("*/*.json") if path.stem.startswith(prefix)]
    if not paths:
        raise UsageError(f"no record begins with {prefix!r} in {store.root}; the board's CSV lists all keys")
    if len(paths) > 1:
        raise UsageError(f"{len(paths)} records begin with {prefix!r}; give more characters")
    record = store.record(paths[0].stem)
    if record is None:
        raise UsageError(f"{paths[0]} is damaged; the run that made it writes it again")
    return record
