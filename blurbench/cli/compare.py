"""`blurbench compare`: two runs, two versions, or two strategies of one board, cell by cell."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from blurbench.cli.board import board_at, records_of
from blurbench.errors import UsageError
from blurbench.leaderboard.escape import one_line
from blurbench.results.store import Store

if TYPE_CHECKING:  # numpy: not for --help
    from blurbench.leaderboard.comparison import Change, Comparison

__all__ = ["compare"]


def compare(
    first: Annotated[Path, typer.Argument(help="A results folder, or a board in it: FOLDER/boards/NAME.json.")],
    second: Annotated[Path | None, typer.Argument(help="The other one; left out with --strategy.")] = None,
    board: Annotated[str | None, typer.Option(help="Name of the board, where a folder holds several.")] = None,
    strategy: Annotated[
        list[str] | None, typer.Option(help="Twice: the strategies of one board to be compared, `retrain on move`.")
    ] = None,
    fail_on: Annotated[
        float | None, typer.Option(min=0, max=100, help="Exit code 1 if a loss is surely above so many points.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Every block, also where nothing can be told apart.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Everything, as JSON; fractions, not percent.")] = False,
) -> None:
    """Compare equal cells, paired image by image and seed by seed: the second less the first."""
    found = _compared(first, second, board, strategy or [])
    losses = found.losses((fail_on or 0.0) / 100) if fail_on is not None else []
    if as_json:
        typer.echo(json.dumps({**asdict(found), "surely_lost": [asdict(one) for one in losses]}, indent=1))
    else:
        typer.echo(_text(found, every))
        for loss in losses:
            typer.echo(f"Lost more than {fail_on:g} points: {_where(loss)}: {_change(loss)}")
    if losses:
        raise typer.Exit(1)
    if fail_on is not None and not found.blocks:
        raise UsageError("no cell of one has an equal in the other, so --fail-on cannot tell")
    from blurbench.leaderboard.comparison import ONLY_FIRST

    if fail_on is not None and (lost := sum(one.reason == ONLY_FIRST for one in found.uncompared)):
        raise UsageError(f"{lost} of the first run's cells are not in the second, so --fail-on cannot tell")


def _compared(first: Path, second: Path | None, board: str | None, strategies: list[str]) -> Comparison:
    from blurbench.leaderboard.comparison import compare_boards, compare_strategies

    if second is None and len(strategies) == 2:
        return compare_strategies(records_of(*board_at(first, board)), *strategies)
    if second is None or strategies:
        raise UsageError("give two results folders, or one with --strategy twice")
    own = {name: Store(path).boards() for name, path in (("first", first), ("second", second)) if path.is_dir()}
    one = records_of(*board_at(first, board, own.get("second", [])))
    other = records_of(*board_at(second, board, own.get("first", [])))
    return compare_boards(one, other)


# --- text -----------------------------------------------------------------------------------------------------------


def _text(found: Comparison, every: bool) -> str:
    told = [one for one in found.blocks if one.change.excludes_zero]
    same = sum(one.same for one in found.blocks)
    parts = [
        f"{len(found.blocks)} cells compared: {same} the same, {len(told)} told apart, "
        f"{len(found.blocks) - same - len(told)} differ by chance or too little to tell. "
        f"Changes are in points of top-1, with 95% intervals{_meaning(found)}."
    ]
    if found.overall:
        parts += ["Over all blurs and data sets:", _table(found.overall)]
    if shown_clean := [one for one in found.clean if every or not one.same]:
        parts += ["On clean images:", _table(shown_clean)]
    if shown := (list(found.blocks) if every else told):
        parts += ["Every block:" if every else "Blocks that can be told apart:", _table(shown)]
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


def _table(changes: Sequence[Change]) -> str:
    from blurbench.leaderboard.tables import table
    from blurbench.leaderboard.wording import percent

    return table(
        changes,
        [
            ("data set", lambda one: one_line(one.dataset)),
            ("classifier", lambda one: one_line(one.classifier)),
            ("test blur", lambda one: one_line(one.test_blur)),
            ("row", lambda one: one_line(one.row)),
            ("first", lambda one: percent(one.before)),
            ("second", lambda one: percent(one.after)),
            ("change [95%]", _change),
        ],
    )


def _change(one: Change) -> str:
    from blurbench.leaderboard.wording import gain

    return "the same" if one.same else gain(one.change)


def _where(one: Change) -> str:
    block = f"{one.dataset} {one.test_blur}".strip() or "all blurs"
    return one_line(f"{block}, {one.row} ({one.classifier})")
