"""`blurbench predict`: what a fitted row says of one's own pictures."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from blurbench.board.locate import ACCURACY, board_at
from blurbench.board.render.escape import for_spreadsheet, one_line
from blurbench.cli import options
from blurbench.errors import UsageError
from blurbench.imaging.files import find_pictures
from blurbench.registry.discovery import discover
from blurbench.running.devices import chosen_device
from blurbench.running.folders import data_folders

if TYPE_CHECKING:  # numpy: not for --help
    from blurbench.takeaway.pictures import Answer, Refused
    from blurbench.takeaway.rows import Row

__all__ = ["BoardName", "Classifier", "DataSet", "RowName", "Seed", "chosen_row", "predict"]

RowName: TypeAlias = Annotated[
    str, typer.Argument(metavar="ROW", help="As the board names it, 'retrain on move'; or the key of one of its cells.")
]
BoardName: TypeAlias = Annotated[str | None, typer.Option(help="Name of the board, where the folder holds several.")]
DataSet: TypeAlias = Annotated[str | None, typer.Option(help="The row's data set, where the board has several.")]
Classifier: TypeAlias = Annotated[str | None, typer.Option(help="The row's classifier, where there are several.")]
Seed: TypeAlias = Annotated[int | None, typer.Option(min=0, help="Which of its seeds [the first].")]

LONGEST_PATH = 4096


@options.with_plugins
def predict(
    row: RowName,
    path: Annotated[str, typer.Argument(metavar="PATH", help="A picture, a folder of pictures, or a glob.")],
    out: options.Out = Path("blurbench-results"),
    board: BoardName = None,
    dataset: DataSet = None,
    classifier: Classifier = None,
    seed: Seed = None,
    as_json: Annotated[bool, typer.Option("--json", help="Everything, as JSON.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="file,class,label,confidence.")] = False,
    device: options.Device = "cpu",
    data_dir: options.DataDirs = None,
) -> None:
    """Ask a fitted row about pictures: each brought to its size as its data set does, its class and how sure.

    Exit code 1 where some pictures cannot be read, 2 where none can.
    """
    from blurbench.takeaway.pictures import Refused, answers, remarks
    from blurbench.takeaway.prediction import Prediction

    if as_json and as_csv:
        raise UsageError("give --json or --csv, not both")
    found = find_pictures([path])
    chosen = chosen_row(row, out, board, dataset, classifier, seed, data_dir)
    prediction = Prediction(chosen, chosen_device(device))
    for remark in remarks(chosen, prediction, len(found.pictures)):
        print(f"blurbench: {one_line(remark, 2000)}", file=sys.stderr, flush=True)
    told: list[Answer] = []
    refused: list[Refused] = []
    say = _Table(found.pictures, chosen) if not as_csv else _Csv()
    for one in answers(chosen, prediction, found.pictures):
        if isinstance(one, Refused):
            refused.append(one)
            print(f"blurbench: {one_line(one.reason, LONGEST_PATH)}", file=sys.stderr, flush=True)
            continue
        told.append(one)
        if not as_json:
            say(one)
    if as_json:
        typer.echo(json.dumps(_facts(chosen, told, refused, found.others), indent=1))
    if refused:
        raise typer.Exit(1 if told else 2)


def chosen_row(
    name: str,
    out: Path,
    board: str | None,
    dataset: str | None,
    classifier: str | None,
    seed: int | None,
    data_dir: list[Path] | None,
) -> Row:
    """The row that the user means."""
    from blurbench.takeaway.rows import Rows

    rows = Rows(discover(), *board_at(out, board, measure=ACCURACY), data_folders(tuple(data_dir or ())))
    return rows.named(name, dataset, classifier, seed)


class _Table:
    """A line a picture."""

    def __init__(self, paths: tuple[Path, ...], row: Row) -> None:
        self.path = max(len(one_line(str(path), LONGEST_PATH)) for path in paths)
        self.name = max(len(one_line(name)) for name in row.class_names)

    def __call__(self, one: Answer) -> None:
        path, name = one_line(str(one.path), LONGEST_PATH), one_line(one.name)
        typer.echo(f"{path:{self.path}}  {name:{self.name}}  {100 * one.confidence:5.1f}%")


class _Csv:
    """A row a picture, under a heading."""

    def __init__(self) -> None:
        self.writer = csv.writer(sys.stdout, lineterminator="\n")
        self.writer.writerow(["file", "class", "label", "confidence"])

    def __call__(self, one: Answer) -> None:
        facts = one.facts()
        texts = (for_spreadsheet(facts.pop(name)) for name in ("file", "class"))
        self.writer.writerow([*texts, *facts.values()])


def _facts(row: Row, told: list[Answer], refused: list[Refused], others: tuple[Path, ...]) -> dict[str, object]:
    return {
        "row": row.name,
        "labels": row.labels,
        "seed": row.seed,
        "artifact": str(row.artifact),
        "pictures": [one.facts() for one in told],
        "refused": [one.facts() for one in refused],
        "skipped": [str(path) for path in others],
    }
