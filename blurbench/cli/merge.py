"""`blurbench leaderboard merge`: other people's bundles onto a board of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from blurbench.board.publish import write_board
from blurbench.board.render.escape import one_line
from blurbench.cli import options
from blurbench.cli.validate import installed_here, judged, report
from blurbench.errors import UsageError
from blurbench.store.store import Store

__all__ = ["merge"]


@options.with_plugins
def merge(
    bundles: Annotated[list[Path], typer.Argument(help="Bundles, as `blurbench submit --write` makes them.")],
    out: options.Out = Path("blurbench-results"),
    data_dir: options.DataDirs = None,
) -> None:
    """Validate bundles and add what can be believed to the board of the same suite, version, budget and content."""
    from blurbench.submissions.merge import merge

    if wrong := next((path for path in bundles if path.suffix != ".zip" or not path.is_file()), None):
        raise UsageError(f"{wrong} is no bundle; `blurbench submit --write FILE.zip` makes one")
    store = Store(out)
    store.create()
    boards: dict[str, None] = {}
    refused = False
    with installed_here(out, data_dir) as installation:
        for path in bundles:
            typer.echo(f"{path}:")
            submission, notes = judged(path, installation)
            merged = merge(submission, store)
            report(submission, notes)
            refused = refused or bool(submission.refusals)
            if merged is not None:
                boards[merged.board] = None
                typer.echo(f"{one_line(merged.board)}: {merged.added} cells added, {merged.known} were here already.")
    for board in boards:
        if board in store.records.boards():
            _, paths = write_board(store, board)
            typer.echo("\n".join(["Written:", *(f"  {path}" for path in paths)]))
    if refused:
        raise typer.Exit(1)
