"""`blurbench replay`: measure one stored cell again and compare."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from blurbench.board.render.escape import one_line
from blurbench.cli import options
from blurbench.cli.show import stored_record
from blurbench.errors import UsageError
from blurbench.registry.discovery import discover
from blurbench.results.record import Record
from blurbench.results.store import Store
from blurbench.running.session import chosen_device, data_folders

__all__ = ["Refit", "replay"]

Refit: TypeAlias = Annotated[
    bool, typer.Option("--refit", help="Fit everything anew instead of loading stored artifacts.")
]


def replay(
    key: Annotated[str, typer.Argument(help="The key of a cell, or its first characters.")],
    out: options.Out = Path("blurbench-results"),
    refit: Refit = False,
    device: options.Device = "auto",
    data_dir: options.DataDirs = None,
) -> None:
    """Measure a stored cell again from its artifacts: at most 0.1% of the predictions may change.

    With --refit a change is also forgiven where the new top-1 lies where one more seed would.
    """
    from blurbench.running.replay import replaying, threads_of

    store = Store(out)
    record = stored_record(store, key)
    if not isinstance(record, Record):
        raise UsageError(
            f"{one_line(record.key)} is of an estimator, and replay is for classifiers; "
            "`blurbench run --rerun all` measures estimators again"
        )
    folders = data_folders(tuple(data_dir or ()))
    with replaying(discover(), store, folders, chosen_device(device), threads_of([record]), refit) as replayer:
        found = replayer.replay(record)
    typer.echo(f"{one_line(record.key)}  {_title(record)}")
    typer.echo(f"top-1 {found.top1_before:.2%} before, {found.top1_after:.2%} now")
    typer.echo(f"{'The same' if found.agrees else 'NOT the same'}: {found.judgement}.")
    if not found.agrees:
        raise typer.Exit(1)


def _title(record: Record) -> str:
    """Which cell a record is of."""
    labels = {axis: one_line(part.label, 80) for axis, part in record.parts().items()}
    fitted_to = f" on {labels['train_blur']}" if record.train_blur.name != "none" else ""
    strategy = f"{labels['strategy']}{fitted_to} ({labels['classifier']})"
    return f"{labels['dataset']}: {strategy}, tested on {labels['test_blur']}, seed {record.seed}"
