"""`blurbench advise`: which remedy for this blur?"""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from blurbench.board.locate import ACCURACY, board_at
from blurbench.cli import options
from blurbench.errors import RecordError, UsageError
from blurbench.registry.discovery import discover

if TYPE_CHECKING:  # numpy: not for --help
    from blurbench.board.schema import Standings

__all__ = ["advise"]


@options.with_plugins
def advise(
    blur: Annotated[str, typer.Option(help="The blur that you have: gaussian[sigma=2], or the board's name for it.")],
    board: Annotated[
        str | None,
        typer.Option(help="A published board's JSON file, a results folder, or a board's name in --out."),
    ] = None,
    out: options.Out = Path("blurbench-results"),
    dataset: Annotated[str | None, typer.Option(help="The data set most like your images [all].")] = None,
    classifier: Annotated[str | None, typer.Option(help="Only this classifier.")] = None,
    budget_ms: Annotated[
        float | None, typer.Option(min=0, help="The most that a remedy may add to the time of one image.")
    ] = None,
    no_fit: Annotated[bool, typer.Option("--no-fit", help="Nothing may be fitted: keep the classifier.")] = False,
    keep_clean: Annotated[
        str | None, typer.Option(help="The most points that it may cost on sharp images: 1%.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Everything, as JSON; fractions, not percent.")] = False,
) -> None:
    """Answer from a board which remedy to use: what it wins, costs and requires, how sure, and what is not known."""
    from blurbench.board.advice import Question, advise
    from blurbench.board.render.advice import text

    if budget_ms is not None and math.isnan(budget_ms):
        raise UsageError("--budget-ms nan: give milliseconds, such as 2")
    question = Question(blur, dataset, classifier, budget_ms, no_fit, _points(keep_clean))
    name, standings = _standings(out, board)
    answers = advise(discover(), standings, question)
    if as_json:
        typer.echo(json.dumps({"board": name, "answers": [asdict(one) for one in answers]}, indent=1))
    else:
        typer.echo("\n\n".join(map(text, answers)))


def _standings(out: Path, board: str | None) -> tuple[str, Standings]:
    """A board by its name or file: a published one is read, one in a results folder is worked out from its records."""
    from blurbench.board.standings import stored_standings

    path = Path(board) if board is not None and board.endswith(".json") else None
    if path is not None and (found := _published(path)) is not None:
        return path.stem, found
    if board is not None and Path(board).is_dir():  # a results folder where a board in one was asked for
        path = Path(board)
    store, name = board_at(path or out, None if path else board, measure=ACCURACY)
    return name, stored_standings(store, name)


def _published(path: Path) -> Standings | None:
    """A published board; None where the file is a results folder's list of cells."""
    from blurbench.board.render.export import parse

    if not path.is_file():
        raise UsageError(
            f"{path} does not exist; give a board's JSON file, such as `leaderboard render --publish` writes"
        )
    try:
        return parse(path.read_bytes(), str(path))
    except RecordError:
        if path.parent.name == "boards":
            return None
        raise


def _points(text: str | None) -> float | None:
    """`1%` or `1` as a fraction."""
    if text is None:
        return None
    try:
        number = float(text.removesuffix("%"))
    except ValueError:
        number = -1.0
    if not 0 <= number <= 100:
        raise UsageError(f"--keep-clean {text}: give percentage points, such as 1%")
    return number / 100
