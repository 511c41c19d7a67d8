"""`blurbench compare`: two runs, two versions, or two strategies of one board, cell by cell."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from blurbench.board.render.escape import one_line
from blurbench.cli.board import all_boards, board_at, records_of
from blurbench.cli.estimation import estimations_of
from blurbench.errors import UsageError
from blurbench.results.store import Store

if TYPE_CHECKING:  # numpy: not for --help
    from blurbench.board.comparison import Change, Comparison
    from blurbench.metrics.intervals import Interval

__all__ = ["compare"]


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
    measure = _measure_of(found)
    losses = found.losses((fail_on or 0.0) * measure.unit) if fail_on is not None else []
    if as_json:
        typer.echo(json.dumps({**asdict(found), "surely_lost": [asdict(one) for one in losses]}, indent=1))
    else:
        typer.echo(_text(found, measure, every))
        for loss in losses:
            typer.echo(f"Lost more than {fail_on:g} {measure.units}: {_where(loss)}: {measure.changed(loss)}")
    if losses:
        raise typer.Exit(1)
    if fail_on is not None and not found.blocks:
        raise UsageError("no cell of one has an equal in the other, so --fail-on cannot tell")
    from blurbench.board.comparison import ONLY_FIRST

    if fail_on is not None and (lost := sum(one.reason == ONLY_FIRST for one in found.uncompared)):
        raise UsageError(f"{lost} of the first run's cells are not in the second, so --fail-on cannot tell")


def _compared(
    first: Path, second: Path | None, board: str | None, strategies: list[str], estimators: list[str]
) -> Comparison:
    from blurbench.board.comparison import compare_boards
    from blurbench.board.estimator_comparison import compare_estimation_boards

    named = strategies or estimators
    if second is None and len(strategies) + len(estimators) == 2 == len(named):
        return _rows_compared(*board_at(first, board, of_any_kind=True), named, of_estimators=bool(estimators))
    if second is None or named:
        raise UsageError("give two results folders, or one with --strategy twice (of estimators: --estimator)")
    own = {name: all_boards(Store(path)) for name, path in (("first", first), ("second", second)) if path.is_dir()}
    one = board_at(first, board, own.get("second", []), of_any_kind=True)
    other = board_at(second, board, own.get("first", []), of_any_kind=True)
    kinds = [store.shelf_of(name) is store.estimations for store, name in (one, other)]
    if kinds[0] != kinds[1]:
        raise UsageError(f"of {one[1]} and {other[1]}, one is a board of estimators and the other of classifiers")
    if all(kinds):
        return compare_estimation_boards(estimations_of(*one), estimations_of(*other))
    return compare_boards(records_of(*one), records_of(*other))


def _rows_compared(store: Store, board: str, named: list[str], of_estimators: bool) -> Comparison:
    from blurbench.board.comparison import compare_strategies
    from blurbench.board.estimator_comparison import compare_estimators

    is_of_estimators = store.shelf_of(board) is store.estimations
    if of_estimators != is_of_estimators:
        kind, option = ("estimators", "--estimator") if is_of_estimators else ("classifiers", "--strategy")
        raise UsageError(f"{board} is a board of {kind}: name two of its rows with {option}")
    if is_of_estimators:
        return compare_estimators(estimations_of(store, board), *named)
    return compare_strategies(records_of(store, board), *named)


# --- text -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Measure:
    """What changes are of, and how they are shown."""

    what: str
    units: str
    unit: float
    shown: Callable[[float], str]
    change: Callable[[Interval], str]
    of_classifiers: bool = True

    def changed(self, one: Change) -> str:
        return "the same" if one.same else self.change(one.change)


def _measure_of(found: Comparison) -> _Measure:
    from blurbench.board.estimator_comparison import EstimationComparison
    from blurbench.board.render.formatting import gain, percent

    if isinstance(found, EstimationComparison):
        what = "the mean squared error, in squared pixels of sigma: less is better"
        return _Measure(what, "squared pixels", 1.0, "{:.4f}".format, _error, of_classifiers=False)
    return _Measure("points of top-1", "points", 0.01, percent, gain)


def _error(change: Interval) -> str:
    return f"{change.estimate:+.4f} [{change.low:+.4f}, {change.high:+.4f}]"


def _text(found: Comparison, measure: _Measure, every: bool) -> str:
    told = [one for one in found.blocks if one.change.excludes_zero]
    same = sum(one.same for one in found.blocks)
    parts = [
        f"{len(found.blocks)} cells compared: {same} the same, {len(told)} told apart, "
        f"{len(found.blocks) - same - len(told)} differ by chance or too little to tell. "
        f"Changes are in {measure.what}, with 95% intervals{_meaning(found)}."
    ]
    if found.overall:
        parts += ["Over all blurs and data sets:", _table(found.overall, measure)]
    if shown_clean := [one for one in found.clean if every or not one.same]:
        parts += ["On clean images:", _table(shown_clean, measure)]
    if shown := (list(found.blocks) if every else told):
        parts += ["Every block:" if every else "Blocks that can be told apart:", _table(shown, measure)]
    reasons = Counter(one.reason for one in found.uncompared)
    for reason, count in reasons.items():
        cells = "1 cell" if count == 1 else f"{count} cells"
        parts.append(f"Not compared: {cells}, {reason}{_examples(found, reason)}")
    return "\n\n".join(parts)


def _meaning(found: Comparison) -> str:
    return " (one seed: over images only)" if all(len(one.seeds) == 1 for one in found.blocks) else ""


def _examples(found: Comparison, reason: str) -> str:
    names = [f"{one.dataset} {one.test_blur}: {one.row}" for one in found.uncompared if one.reason == reason]
    more = f", and {len(names) - 3} more" if len(names) > 3 else ""
    return f": {'; '.join(one_line(name) for name in names[:3])}{more}"


def _table(changes: Sequence[Change], measure: _Measure) -> str:
    from blurbench.board.render.tables import table

    columns: list[tuple[str, Callable[[Change], str]]] = [
        ("data set", lambda one: one_line(one.dataset)),
        ("classifier", lambda one: one_line(one.classifier)),
        ("test blur", lambda one: one_line(one.test_blur)),
        ("row", lambda one: one_line(one.row)),
        ("first", lambda one: measure.shown(one.before)),
        ("second", lambda one: measure.shown(one.after)),
        ("change [95%]", measure.changed),
    ]
    return table(changes, [column for column in columns if column[0] != "classifier" or measure.of_classifiers])


def _where(one: Change) -> str:
    block = f"{one.dataset} {one.test_blur}".strip() or "all blurs"
    return one_line(f"{block}, {one.row}" + (f" ({one.classifier})" if one.classifier else ""))
