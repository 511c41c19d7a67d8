"""`blurbench leaderboard`: write a board again from stored records; runs nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from blurbench.cli import options
from blurbench.cli.board import publish_board, write_board
from blurbench.errors import UsageError
from blurbench.results.store import Store

__all__ = ["leaderboard"]


def leaderboard(
    board: Annotated[str | None, typer.Argument(help="Name of the board; may be left out if there is one.")] = None,
    out: options.Out = Path("blurbench-results"),
    publish: Annotated[
        Path | None, typer.Option(help="Also write the board into this folder, with its pictures.")
    ] = None,
) -> None:
    """Render a board from the records in the results folder."""
    store = Store(out)
    name = board or _only(store)
    summary, paths = write_board(store, name)
    typer.echo(summary)
    if publish is not None:
        paths += publish_board(store, name, publish)
    typer.echo("\n".join(["Written:", *(f"  {path}" for path in paths)]))


def _only(store: Store) -> str:
    boards = store.boards()
    if len(boards) != 1:
        known = ", ".join(boards) or "none yet; `blurbench run` makes one"
        raise UsageError(f"name the board that you want; in {store.root} there is: {known}")
    return boards[0]
