"""Which row of a board is meant, and what was fitted for it."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from blurbench.board.render.formatting import row_name
from blurbench.contract import Dataset
from blurbench.errors import RecordError, Unavailable, UnknownName, UsageError
from blurbench.matrix.cell import Data
from blurbench.matrix.tasks import FitPredictor
from blurbench.registry import Registry, config
from blurbench.store.dataset_cache import class_names, decoded_before, describe
from blurbench.store.record import Line, Record
from blurbench.store.store import Store
from blurbench.submissions.replan import replan

__all__ = ["Row", "Rows", "check_axes", "labels_shown", "measured"]

KEY = re.compile("[0-9a-f]{4,64}")
"""What may be the beginning of a record's key."""

Measured = tuple[Line, Record]


def measured(store: Store, board: str) -> Iterator[Measured]:
    """The measured cells of a board, in suite order."""
    manifest = store.records.board(board)
    for line in manifest.lines if manifest else ():
        record = store.records.get(line.key)
        if record is not None and record.status == "ok":
            yield line, record


def check_axes(labels: Mapping[str, Any], known: Collection[str]) -> None:
    """Raise UsageError for a label on an axis that there is not."""
    if wrong := labels.keys() - set(known):
        raise UsageError(f"unknown axis {min(wrong)!r}; known: {', '.join(known)}")


def labels_shown(labels: Mapping[str, Any]) -> str:
    """`strategy='plain', seed=1`."""
    return ", ".join(f"{axis}={value!r}" for axis, value in labels.items()) or "no labels"


@dataclass(frozen=True, eq=False)
class Row:
    """One predictor: a row of a board with one seed."""

    rows: Rows
    cells: tuple[Measured, ...]
    """Those that were measured of it, a test blur each."""

    @property
    def labels(self) -> Mapping[str, str]:
        """Its place on the board; the test blur is any."""
        return {axis: value for axis, value in self.cells[0][0].labels.items() if axis != "test_blur"}

    @property
    def name(self) -> str:
        """As boards show it: `retrain on gaussian-2`."""
        return row_name(self.labels["strategy"], self.labels["train_blur"])

    @property
    def title(self) -> str:
        """With its data set and classifier."""
        return f"{self.labels['dataset']}: {self.name} ({self.labels['classifier']})"

    @property
    def seed(self) -> int:
        return self.cells[0][0].seed

    @cached_property
    def fit(self) -> FitPredictor:
        """How it was fitted.

        Raises RecordError where it was made by another version, or its artifact is not here any more.
        """
        record = self.cells[0][1]
        _, task = replan(self.rows.registry, record, lambda dataset: self.rows.describe(dataset, record))
        assert isinstance(task.fit, FitPredictor)
        for needed in task.fit.with_all_before():
            if self.rows.store.artifact(needed.key) is None:
                state = "damaged" if self.rows.store.has_artifact(needed.key) else "not in this results folder"
                raise RecordError(
                    f"the artifact of {needed.title} is {state}; `blurbench run --rerun all` with this row fits it anew"
                )
        return task.fit

    @property
    def artifact(self) -> Path:
        """The folder of what was fitted."""
        return self.rows.store.artifacts.path(self.fit.key)

    @property
    def class_names(self) -> tuple[str, ...]:
        return class_names(self.rows.store, self.fit.data.key)


@dataclass(frozen=True, eq=False)
class Rows:
    """All predictors of a board, to choose from."""

    registry: Registry
    store: Store
    board: str
    folders: Sequence[Path] = ()
    """Where real data sets lie."""
    known: Callable[[Dataset], Data] | None = None
    """What describes a data set, where somebody did that before."""

    def describe(self, dataset: Dataset, record: Record) -> Data:
        """What planning must know of a data set: of the record's own also where its files are not here any more."""
        try:
            if self.known is not None:
                return self.known(dataset)
            return describe(self.registry, self.store, dataset, self.folders)
        except Unavailable:
            data = decoded_before(self.store, record.data_fingerprint)
            if data is None or config(self.registry, dataset) != record.axes["dataset"].config:
                raise
            return data

    def named(
        self, name: str, dataset: str | None = None, classifier: str | None = None, seed: int | None = None
    ) -> Row:
        """The row of that name: of its strategy, in full (`retrain on gaussian-2`), or the key of one of its cells, or
        its first characters. Raises UsageError where none or several are meant."""
        cells = list(measured(self.store, self.board))
        if found := _of_key(cells, name):
            return self.only(found, name, seed)
        wanted = {"dataset": dataset, "classifier": classifier}
        for axis, value in wanted.items():
            if value is not None and value not in (known := {line[axis] for line, _ in cells}):
                raise UnknownName(f"{axis} on this board:", value, known)
        called = [cell for cell in cells if name in (cell[0]["strategy"], _name(cell[0]))]
        if not called:
            raise UnknownName("row on this board:", name, {_name(line) for line, _ in cells})
        fitting = [cell for cell in called if all(value in (None, cell[0][axis]) for axis, value in wanted.items())]
        return self.only(fitting, name, seed)

    def only(self, cells: Iterable[Measured], shown: str, seed: int | None = None) -> Row:
        """The row that all these cells are of; of several seeds the first unless one is named."""
        rows: dict[tuple[str, ...], list[Measured]] = {}
        for cell in cells:
            rows.setdefault(_place(cell[0]), []).append(cell)
        titles = [Row(self, tuple(row)).title for row in rows.values()]
        if len(rows) != 1:
            found = f"these have {shown}: {'; '.join(sorted(titles))}" if rows else f"none has {shown}"
            raise UsageError(f"name one predictor by its labels; {found}")
        (row,) = rows.values()
        seeds = sorted({line.seed for line, _ in row})
        if seed is not None and seed not in seeds:
            raise UsageError(f"{titles[0]} was not measured with seed {seed}; its seeds: {', '.join(map(str, seeds))}")
        chosen = seeds[0] if seed is None else seed
        return Row(self, tuple(cell for cell in row if cell[0].seed == chosen))


def _name(line: Line) -> str:
    return row_name(line["strategy"], line["train_blur"])


def _place(line: Line) -> tuple[str, ...]:
    """The coordinates of a row: the test blur is any."""
    return tuple(value for axis, value in line.labels.items() if axis != "test_blur")


def _of_key(cells: Sequence[Measured], prefix: str) -> list[Measured]:
    """All cells of the row and seed of the cells whose key begins so."""
    if not KEY.fullmatch(prefix):
        return []
    places = {(_place(line), line.seed) for line, _ in cells if line.key.startswith(prefix)}
    return [cell for cell in cells if (_place(cell[0]), cell[0].seed) in places]
