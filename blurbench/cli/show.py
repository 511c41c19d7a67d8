"""`blurbench show`: one stored record in full."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from blurbench.cli import options
from blurbench.errors import UsageError
from blurbench.store.record import Record
from blurbench.store.store import Store

__all__ = ["show", "stored_record"]


def show(
    key: Annotated[str, typer.Argument(help="The key of a cell, or its first characters.")],
    out: options.Out = Path("blurbench-results"),
    images: Annotated[bool, typer.Option("--images", help="Also the answer for each test image.")] = False,
) -> None:
    """Print a stored record as JSON, and where what it measured lies: `artifact`."""
    store = Store(out)
    record = stored_record(store, key)
    content = {**record.model_dump(exclude_defaults=True), "artifact": _artifact(store, record.key)}
    if not images and record.result is not None:
        for name in record.result.images_of_its_own & {"images"}:
            content["result"].pop(name, None)
    typer.echo(json.dumps(content, indent=2))


def _artifact(store: Store, key: str) -> dict[str, Any] | None:
    """Of a cell: its key, and the folder if it is there."""
    if (artifact := store.artifact_of(key)) is None:
        return None
    return {"key": artifact, "folder": str(store.artifacts.path(artifact)) if store.has_artifact(artifact) else None}


def stored_record(store: Store, prefix: str) -> Record:
    """The one record whose key begins with `prefix`."""
    found = store.records.keys(prefix)
    if not found:
        raise UsageError(f"no record begins with {prefix!r} in {store.root}; the board's CSV lists all keys")
    if len(found) > 1:
        raise UsageError(f"{len(found)} records begin with {prefix!r}; give more characters")
    record = store.records.get(found[0])
    if record is None:
        raise UsageError(f"{store.records.path(found[0])} is damaged; the run that made it writes it again")
    return record
