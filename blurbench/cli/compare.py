"""`blurbench compare`: two runs, two versions, or two strategies of one board, cell by cell."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from blurbench.board.locate import ESTIMATION, board_at, measure_of
from blurbench.cli import options
from blurbench.errors import UsageError
from blurbench.store.store import Store

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
    from blurbench.board.comparison import compare_boards
    from blurbench.board.estimator_comparison import compare_estimator_boards
    from blurbench.board.outcomes import stored_estimates, stored_outcomes

    named = strategies or estimators
    if second is None and len(strategies) + len(estimators) == 2 == len(named):
        return _rows_compared(*board_at(first, board), named, of_estimators=bool(estimators))
    if second is None or named:
        raise UsageError("give two results folders, or one with --strategy twice (of estimators: --estimator)")
    own = {name: Store(path).records.boards() for name, path in (("first", first), ("second", second)) if path.is_dir()}
    one = board_at(first, board, own.get("second", []))
    other = board_at(second, board, own.get("first", []))
    kinds = [measure_of(*side) == ESTIMATION for side in (one, other)]
    if kinds[0] != kinds[1]:
        raise UsageError(f"of {one[1]} and {other[1]}, one is a board of estimators and the other of classifiers")
    if all(kinds):
        return compare_estimator_boards(stored_estimates(*one), stored_estimates(*other))
    return compare_boards(stored_outcomes(*one), stored_outcomes(*other))


def _rows_compared(store: Store, board: str, named: list[str], of_estimators: bool) -> Comparison:
    from blurbench.board.comparison import compare_strategies
    from blurbench.board.estimator_comparison import compare_estimators
    from blurbench.board.outcomes import stored_estimates, stored_outcomes

    if of_estimators != (measure_of(store, board) == ESTIMATION):
        kind, option = ("classifiers", "--strategy") if of_estimators else ("estimators", "--estimator")
        raise UsageError(f"{board} is a board of {kind}: name two of its rows with {option}")
    if of_estimators:
        return compare_estimators(stored_estimates(store, board), *named)
    return compare_strategies(stored_outcomes(store, board), *named)
