"""`blurbench verify`: measure a sample of a board's cells again."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from blurbench.board.locate import board_in
from blurbench.board.render.escape import one_line
from blurbench.cli import options
from blurbench.cli.replay import Refit
from blurbench.errors import BlurbenchError, UsageError
from blurbench.registry.discovery import discover
from blurbench.running.devices import chosen_device
from blurbench.running.folders import data_folders

if TYPE_CHECKING:
    from blurbench.running.replay import Replayer
    from blurbench.store.record import Line, Record

__all__ = ["verify"]


@options.with_plugins
def verify(
    board: Annotated[str | None, typer.Argument(help="Name of the board; may be left out if there is one.")] = None,
    out: options.Out = Path("blurbench-results"),
    sample: Annotated[str, typer.Option(help="How many of its measured cells: 5%, or a number.")] = "5%",
    seed: Annotated[int, typer.Option(min=0, help="Another seed, another sample.")] = 0,
    refit: Refit = False,
    device: options.Device = "auto",
    data_dir: options.DataDirs = None,
) -> None:
    """Replay a random sample of a board's cells; exit code 1 unless each could be replayed and agrees."""
    from blurbench.board.render.formatting import duration
    from blurbench.own.evaluating import recalling
    from blurbench.running.replay import pick, replaying, seconds_of, threads_of

    store, name = board_in(out, board)
    manifest = store.records.board(name)
    assert manifest is not None
    records = {line.key: store.records.get(line.key) for line in manifest.lines}
    stored = [record for record in records.values() if record is not None]
    damaged = [line for line in manifest.lines if records[line.key] is None and store.records.path(line.key).exists()]
    for line in damaged:
        typer.echo(f"{line.key[:12]}  cannot be read: {_place(line)}: run the suite again to measure it anew")
    chosen = pick(stored, _share(sample, len(stored)), seed)
    if not chosen:
        raise UsageError(f"no cell of {name} is measured yet")
    typer.echo(f"{len(chosen)} of {len(stored)} cells; about {duration(seconds_of(chosen, refit))}")
    began = time.perf_counter()
    folders = data_folders(tuple(data_dir or ()))
    with replaying(recalling(discover()), store, folders, chosen_device(device), threads_of(chosen), refit) as replayer:
        places = {line.key: _place(line) for line in manifest.lines}
        answers = [_told(replayer, record, places[record.key]) for record in chosen]
    counts = {answer: answers.count(answer) for answer in ("same", "NOT the same", "cannot be replayed")}
    counted = ", ".join(f"{count} {answer}" for answer, count in counts.items() if count)
    typer.echo(f"{name}: {counted} ({len(chosen)} sampled with seed {seed}, {time.perf_counter() - began:.0f} s)")
    if damaged or counts["same"] < len(chosen):
        raise typer.Exit(1)


def _place(line: Line) -> str:
    return one_line(f"{', '.join(label for label in line.labels.values() if label)}, seed {line.seed}")


def _told(replayer: Replayer, record: Record, place: str) -> str:
    try:
        found = replayer.replay(record)
    except BlurbenchError as error:
        answer, reason = "cannot be replayed", str(error)
    else:
        answer, reason = ("same" if found.agrees else "NOT the same"), found.judgement
    typer.echo(f"{record.key[:12]}  {answer}: {place}: {one_line(reason, 300)}")
    return answer


def _share(text: str, measured: int) -> float:
    """The share that `5%` or a number of cells stands for."""
    try:
        number = float(text.removesuffix("%"))
    except ValueError:
        number = -1.0
    share = number / 100 if text.endswith("%") else number / max(1, measured)
    if not share > 0 or (text.endswith("%") and share > 1):
        raise UsageError(f"--sample {text}: give a share such as 5%, or a number of cells")
    return min(share, 1.0)
