"""Patro 2017: sigma maps of section 4. Its measurements are estimations, not cells of a classifier's matrix."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from blurbench.errors import UsageError
from blurbench.papers.comparing import mean_interval
from blurbench.papers.published import Anchor, anchors, statements
from blurbench.papers.report import Comparison, Filled, Judged, Report, Size, Table
from blurbench.registry import Registry
from blurbench.results.agreement import without_dissenters
from blurbench.results.estimation import Board, Estimation
from blurbench.results.store import Store

__all__ = ["PAPER", "Estimations", "Reading", "read_estimations"]

NUMBER = "003"
FITTED_ON, SPLIT, TESTED_ON = "brodatz-pictures", "patch", "brodatz-pictures"
"""The report cuts patches of the same pictures into training and test ones."""


@dataclass(frozen=True)
class Reading:
    """One printed figure: which estimator under which blur, and which of its errors."""

    estimator: str
    blur: str
    smoothed: bool = False
    tested_on: str = TESTED_ON


READINGS = {
    "ramp, 10 classes": Reading("cnn-10", "ramp"),
    "ramp, 30 classes": Reading("cnn-30", "ramp"),
    "ramp, 30 classes, smoothed": Reading("cnn-30", "ramp", smoothed=True),
    "sin, 30 classes, raw": Reading("cnn-30", "sine"),
    "sin, 30 classes, smoothed": Reading("cnn-30", "sine", smoothed=True),
}


@dataclass(frozen=True)
class Estimations:
    """The estimations of one board."""

    board: Board
    records: Mapping[str, Estimation]

    def find(self, reading: Reading) -> list[Estimation] | str:
        """The records of a reading, one a seed, or why there are none."""
        rows = [
            row
            for row in self.board.lines
            if (row.estimator, row.fitted_on, row.split, row.tested_on, row.blur)
            == (reading.estimator, FITTED_ON, SPLIT, reading.tested_on, reading.blur)
        ]
        records = [self.records[row.key] for row in rows if row.key in self.records]
        measured = [record for record in records if record.status == "ok"]
        if measured:
            return measured
        if not rows:
            return f"budget {self.board.budget} does not have it"
        return next((f"{record.status}: {record.reason}" for record in records), "not run yet")


def read_estimations(store: Store, board: str) -> Estimations | None:
    """The estimations of a stored board, if there is one."""
    shelf = store.estimations
    found = shelf.board(board)
    if found is None:
        return None
    return Estimations(found, without_dissenters(found, shelf.records_of(found)))


# --- tables --------------------------------------------------------------------------------------------------------


def _sigma_table(found: Estimations, printed: tuple[Anchor, ...]) -> Table:
    rows = [anchor for anchor in printed if anchor.id == "s003.sigma"]
    notes = (
        "the smoothed ramp's printed error cannot come from a moving average of a map of 30 steps: even a perfect "
        "classifier's is larger",
        "in squared pixels (mse) and pixels (rmse) of sigma; patches of the same pictures train and test, as there",
    )
    cells = tuple(_sigma_cell(found, anchor) for anchor in rows)
    return Table("Section 4.2", "error of sigma maps", "pixels of sigma", ("mse", "rmse"), cells, "{:.4g}", notes)


def _sigma_cell(found: Estimations, anchor: Anchor) -> Filled:
    empty = Filled(anchor.row, anchor.column, anchor.best)
    reading = READINGS[anchor.row]
    records = found.find(reading)
    if isinstance(records, str):
        return replace(empty, reason=records)
    errors = [one.measured.smoothed if reading.smoothed else one.measured.raw for one in records if one.measured]
    mse = sum(error.mse for error in errors) / len(errors)
    return replace(
        empty,
        measured=mse if anchor.column == "mse" else mse**0.5,
        dataset=TESTED_ON,
        images=len(errors[0].per_picture),
        seeds=len(errors),
        records=tuple(record.key for record in records),
    )


def _other_table(found: Estimations, printed: tuple[Anchor, ...]) -> Table:
    rows = [anchor for anchor in printed if anchor.id in ("s003.acc", "s003.params")]
    cells = tuple(_other_cell(found, anchor) for anchor in rows)
    columns = tuple(dict.fromkeys(cell.column for cell in cells))
    return Table("Sections 3.3 and 4.1", "accuracies and parameters", "percent and numbers", columns, cells, "{:.7g}")


def _other_cell(found: Estimations, anchor: Anchor) -> Filled:
    """Parameters, and the accuracy on patches that were held out of the patch split; the rest is not measured."""
    empty = Filled(anchor.row, anchor.column, anchor.best)
    records = found.find(READINGS["ramp, 30 classes"])
    if anchor.column not in ("params", "val_acc"):
        return replace(empty, reason="only told in rough words, or of a network that is not published")
    if isinstance(records, str):
        return replace(empty, reason=records)
    values = [_number(record, anchor.column) for record in records]
    known = [value for value in values if value is not None]
    if len(known) < len(values):
        return replace(empty, reason="the records do not hold it")
    keys = tuple(record.key for record in records)
    return replace(empty, measured=sum(known) / len(known), dataset=FITTED_ON, seeds=len(known), records=keys)


def _number(record: Estimation, column: str) -> float | None:
    if column == "params":
        return record.parameters
    shares = record.fit.get("validation_accuracy")
    return 100 * float(shares[-1]) if shares else None


# --- claims --------------------------------------------------------------------------------------------------------


def _over(found: Estimations, name: str, one: Reading, other: Reading) -> Comparison:
    """Whether the error of `one` exceeds that of `other`, picture by picture."""
    import numpy as np

    empty = Comparison(name, "squared pixels", 0.0)
    sides = []
    for reading in (one, other):
        records = found.find(reading)
        if isinstance(records, str):
            return replace(empty, reason=records)
        by_seed = {
            record.seed: record.measured.smoothed if reading.smoothed else record.measured.raw
            for record in records
            if record.measured
        }
        sides.append(by_seed)
    seeds = sorted(sides[0].keys() & sides[1].keys())
    values = [[side[seed].per_picture for seed in seeds] for side in sides]
    if not seeds or len(values[0][0]) != len(values[1][0]):
        return replace(empty, reason="the two were measured on different pictures or seeds")
    return replace(empty, interval=mean_interval(np.array(values[0]) - np.array(values[1])))


def _c1(found: Estimations) -> Iterator[Comparison]:
    yield _over(found, "ramp: 10 classes over 30", READINGS["ramp, 10 classes"], READINGS["ramp, 30 classes"])


def _c2(found: Estimations) -> Iterator[Comparison]:
    for blur in ("ramp", "sine"):
        yield _over(
            found, f"{blur}: raw over smoothed", Reading("cnn-30", blur), Reading("cnn-30", blur, smoothed=True)
        )


def _c4(found: Estimations) -> Iterator[Comparison]:
    """Flat windows under the ramp, whose true sigma is anything: what is read there too much, picture by picture."""
    import numpy as np

    for pictures in ("text", "photographs"):
        empty = Comparison(f"{pictures}: flat windows read above the truth", "pixels", 0.0)
        records = found.find(Reading("cnn-30", "ramp", tested_on=pictures))
        if isinstance(records, str):
            yield replace(empty, reason=records)
            continue
        values = [record.measured.flat_biases for record in records if record.measured]
        if len(values[0]) < 2:
            yield replace(empty, reason="fewer than two pictures have flat windows")
            continue
        yield replace(empty, interval=mean_interval(np.array(values)))


CLAIMS = {
    "s003.c1": ("the error differs by more than 0", 1, _c1, ""),
    "s003.c2": ("the error differs by more than 0", 2, _c2, "of natural pictures no true map is known"),
    "s003.c3": ("none", 0, None, "the larger network is not published"),
    "s003.c4": ("flat windows are read above the truth; borders of objects are not measured", 2, _c4, ""),
}


@dataclass(frozen=True)
class EstimationPaper:
    """The paper whose measurements are estimations."""

    name: str = "patro2017"
    number: str = NUMBER
    citation: str = "Patro 2017, blur kernel estimation as classification of patches (IIT Kharagpur)"
    suite: str = "kernel-estimation"

    def report(self, store: Store, board: str, registry: Registry) -> Report:
        """Everything that the board can tell. Raises UsageError where there is no such board."""
        found = read_estimations(store, board)
        if found is None:
            raise UsageError(f"no board {board!r} in {store.root}; leave out --no-run to measure it")
        return Report(
            name=self.name,
            citation=self.citation,
            suite=f"{found.board.suite} version {found.board.suite_version}",
            budget=found.board.budget,
            tables=(_sigma_table(found, anchors(NUMBER)), _other_table(found, anchors(NUMBER))),
            claims=tuple(_judged(found)),
            sizes=tuple(_sizes(found)),
            notes=("Estimators that ship fitted, and other ways to split, are on the board of the suite.",),
            commands=tuple(found.board.commands),
        )


def _judged(found: Estimations) -> Iterator[Judged]:
    for statement in statements(NUMBER):
        rule, in_paper, compare, reason = CLAIMS[statement.id]
        rows = tuple(compare(found)) if compare else ()
        yield Judged(statement.id, statement.text, statement.own_figures, rule, rows, in_paper, reason)


def _sizes(found: Estimations) -> Iterator[Size]:
    values = found.board.budget_values
    limit = values.get("train_images")
    records = [record for record in found.records.values() if record.status == "ok"]
    pictures = {row.tested_on: 0 for row in found.board.lines}
    for row in found.board.lines:
        record = found.records.get(row.key)
        if record is not None and record.measured is not None:
            pictures[row.tested_on] = record.measured.pictures
    tested = ", ".join(f"{count} of {name}" for name, count in pictures.items() if count) or "nothing measured"
    yield Size(
        "training images",
        "patches of 80 Brodatz textures: 168,000 (30 classes), 224,000 (10)",
        "all" if limit is None else f"at most {limit:,}",
    )
    yield Size("test pictures", "not told for the maps", tested)
    yield Size("epochs", "up to 500", str(values.get("epochs", "not told")))
    yield Size("seeds", "one, as far as is told", str(len({record.seed for record in records}) or "nothing measured"))
    yield Size(
        "recipes", "Adagrad, 1e-3", "the paper's own" if values.get("recipes") == "paper" else "short ones of this tool"
    )
    labels = dict.fromkeys(record.estimator.label for record in records)
    yield Size(
        "estimators",
        "8 convolutions and 4 linear layers, 3.27 million parameters",
        ", ".join(labels) or "nothing measured",
    )


PAPER = EstimationPaper()
