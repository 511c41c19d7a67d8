"""`blurbench replay`: measure one stored cell again and compare."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from blurbench.board.render.escape import one_line
from blurbench.cli import options
from blurbench.cli.show import stored_record
from blurbench.registry.discovery import discover
from blurbench.running.devices import chosen_device
from blurbench.running.folders import data_folders
from blurbench.store.record import Record
from blurbench.store.store import Store

__all__ = ["Refit", "replay"]

Refit: TypeAlias = Annotated[
    bool, typer.Option("--refit", help="Fit everything anew instead of loading stored artifacts.")
]


@options.with_plugins
def replay(
    key: Annotated[str, typer.Argument(help="The key of a cell, or its first characters.")],
    out: options.Out = Path("blurbench-results"),
    refit: Refit = False,
    device: options.Device = "auto",
    data_dir: options.DataDirs = None,
) -> None:
    """Measure a stored cell again from its artifacts: at most 0.1% of the predictions may change, and of an estimator's
    squared errors the last digits.

    With --refit a change is also forgiven where the new score lies where one more seed would.
    """
    from blurbench.own.evaluating import recalling
    from blurbench.running.replay import replaying, threads_of

    store = Store(out)
    record = stored_record(store, key)
    folders = data_folders(tuple(data_dir or ()))
    with replaying(
        recalling(discover()), store, folders, chosen_device(device), threads_of([record]), refit
    ) as replayer:
        found = replayer.replay(record)
    typer.echo(f"{one_line(record.key)}  {_title(record)}")
    typer.echo(f"{found.before.headline} before, {found.after.headline} now")
    typer.echo(f"{'The same' if found.agrees else 'NOT the same'}: {found.judgement}.")
    if not found.agrees:
        raise typer.Exit(1)


def _title(record: Record) -> str:
    """Which cell a record is of."""
    axes = ", ".join(f"{axis} {one_line(value.label, 80)}" for axis, value in record.axes.items())
    return f"{axes}, seed {record.seed}"
