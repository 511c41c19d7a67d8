"""`blurbench leaderboard`: write a board again from stored records; runs nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from blurbench.board.locate import board_in
from blurbench.board.publish import publish_board, write_board
from blurbench.cli import options

__all__ = ["leaderboard"]


@options.with_plugins
def leaderboard(
    board: Annotated[str | None, typer.Argument(help="Name of the board; may be left out if there is one.")] = None,
    out: options.Out = Path("blurbench-results"),
    publish: Annotated[
        Path | None, typer.Option(help="Also write the board into this folder, with its pictures.")
    ] = None,
    baseline_classifier: Annotated[
        str | None,
        typer.Option(help="Classifier whose baseline row is the reference of CE and mCE [each row's own]."),
    ] = None,
) -> None:
    """Render a board from the records in the results folder."""
    store, name = board_in(out, board)
    summary, paths = write_board(store, name, baseline_classifier)
    typer.echo(summary)
    if publish is not None:
        paths += publish_board(store, name, publish, baseline_classifier)
    typer.echo("\n".join(["Written:", *(f"  {path}" for path in paths)]))
