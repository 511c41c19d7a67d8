"""`blurbench compare`: two runs, two versions, or two strategies of one board, cell by cell."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from blurbench.cli import options
from blurbench.errors import UsageError

if TYPE_CHECKING:  # numpy: not for --help
    from blurbench.board.comparison import Comparison

__all__ = ["compare"]


@options.with_plugins
def compare(
    first: Annotated[Path, typer.Argument(help="A results folder, or a board in it: FOLDER/boards/NAME.json.")],
    second: Annotated[Path | None, typer.Argument(help="The other one; left out with --strategy.")] = None,
    board: Annotated[str | None, typer.Option(help="Name of the board, where a folder holds several.")] = None,
    strategy: Annotated[
        list[str] | None, typer.Option(help="Twice: the strategies of one board to be compared, `retrain on move`.")
    ] = None,
    estimator: Annotated[list[str] | None, typer.Option(help="Twice: the same of a board of estimators.")] = None,
    fail_on: Annotated[
        float | None,
        typer.Option(
            min=0, max=100, help="Exit code 1 if a loss is surely above so many points; of estimators, squared pixels."
        ),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Every block, also where nothing can be told apart.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Everything, as JSON; fractions, not percent.")] = False,
) -> None:
    """Compare equal cells, paired image by image and seed by seed: the second less the first."""
    found = _compared(first, second, board, strategy or [], estimator or [])
    from blurbench.board.render.comparison import loss_text, text, unit_of

    losses = found.losses(fail_on * unit_of(found)) if fail_on is not None else []
    if as_json:
        typer.echo(json.dumps({**asdict(found), "surely_lost": [asdict(loss) for loss in losses]}, indent=1))
    else:
        typer.echo("\n".join([text(found, every), *(loss_text(found, loss, fail_on or 0.0) for loss in losses)]))
    if losses:
        raise typer.Exit(1)
    if fail_on is not None and not found.blocks:
        raise UsageError("no cell of one has an equal in the other, so --fail-on cannot tell")
    from blurbench.board.comparison import ONLY_FIRST

    if fail_on is not None and (lost := sum(cell.reason == ONLY_FIRST for cell in found.uncompared)):
        raise UsageError(f"{lost} of the first run's cells are not in the second, so --fail-on cannot tell")


def _compared(
    first: Path, second: Path | None, board: str | None, strategies: list[str], estimators: list[str]
) -> Comparison:
    from blurbench.board.sides import compare_rows, compare_sides, side_at, sides_at

    named = strategies or estimators
    if second is None and len(strategies) + len(estimators) == 2 == len(named):
        return compare_rows(side_at(first, board), named, of_estimators=bool(estimators))
    if second is None or named:
        raise UsageError("give two results folders, or one with --strategy twice (of estimators: --estimator)")
    return compare_sides(*sides_at(first, second, board))
