"""Stored records put where they stand on the board."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from blurbench.board.schema import Missing
from blurbench.errors import RecordError
from blurbench.results.record import Line, Manifest, Metrics, Record

__all__ = [
    "BlockKey",
    "Cells",
    "HasCorrect",
    "RowKey",
    "RowOutcomes",
    "baseline_key",
    "common_seeds",
    "difference",
    "gather",
]


class BlockKey(NamedTuple):
    """Which block."""

    dataset: str
    classifier: str
    test_blur: str


class RowKey(NamedTuple):
    """Which row of a block."""

    strategy: str
    train_blur: str


class HasCorrect(Protocol):
    """A row of a block, wherever it comes from."""

    def correct(self, seeds: Iterable[int]) -> NDArray[np.bool_]:
        """Which test images were right: (seeds, images)."""


@dataclass
class RowOutcomes:
    """One row of a block: its records by seed, and the seeds that have none."""

    records: dict[int, Record] = field(default_factory=dict)
    missing: list[Missing] = field(default_factory=list)

    @property
    def first(self) -> Record:
        """The record of the first seed."""
        return next(iter(self.records.values()))

    @property
    def metrics(self) -> list[Metrics]:
        """One a seed."""
        return [record.metrics for record in self.records.values() if record.metrics]

    @cached_property
    def _hits(self) -> dict[int, NDArray[np.bool_]]:
        return {seed: _correct(record) for seed, record in self.records.items()}

    @property
    def hits(self) -> Mapping[int, NDArray[np.bool_]]:
        """Which test images were right, (images,), by seed."""
        return self._hits

    def correct(self, seeds: Iterable[int]) -> NDArray[np.bool_]:
        """The same for some seeds: (seeds, images)."""
        return np.stack([self._hits[seed] for seed in seeds])


def _correct(record: Record) -> NDArray[np.bool_]:
    assert record.images is not None
    correct: NDArray[np.bool_] = np.array(record.images.label) == np.array(record.images.predicted)
    return correct


Cells = dict[BlockKey, dict[RowKey, RowOutcomes]]


def common_seeds(*rows: RowOutcomes) -> list[int]:
    """The seeds that all rows were measured with."""
    return sorted(set.intersection(*(set(row.records) for row in rows)))


def difference(one: HasCorrect, other: HasCorrect, seeds: Iterable[int]) -> NDArray[np.float64]:
    """Hits of `one` less hits of `other`, image by image: -1, 0 or 1, (seeds, images)."""
    seeds = list(seeds)
    return one.correct(seeds).astype(np.float64) - other.correct(seeds)


def gather(manifest: Manifest, records: Mapping[str, Record]) -> Cells:
    """Every line of the manifest with its record, or with the reason why there is none.

    Raises RecordError where two records of a data set were not measured on the same test images.
    """
    cells: Cells = {}
    first: dict[str, Record] = {}
    for line in manifest.lines:
        place = BlockKey(line.dataset, line.classifier, line.test_blur)
        row = cells.setdefault(place, {}).setdefault(RowKey(line.strategy, line.train_blur), RowOutcomes())
        record = records.get(line.key)
        if record is not None and record.status == "ok":
            _same_images(line.dataset, first.setdefault(line.dataset, record), record)
            row.records[line.seed] = record
        else:
            row.missing.append(_missing(line, record))
    return cells


def _same_images(dataset: str, one: Record, other: Record) -> None:
    assert one.images is not None
    assert other.images is not None
    if one.images.label != other.images.label:
        raise RecordError(
            f"{dataset}: records {one.key} and {other.key} were measured on different test images; "
            "delete the damaged one from the results folder and run again"
        )


def _missing(line: Line, record: Record | None) -> Missing:
    if record is None:
        return Missing(line.strategy, line.train_blur, line.seed, "not yet run")
    return Missing(line.strategy, line.train_blur, line.seed, record.status, record.reason, record.log)


def baseline_key(manifest: Manifest, records: Mapping[str, Record]) -> RowKey | None:
    """The row that gains are measured against: the baseline strategy without parameters, however a suite labels it."""
    for line in manifest.lines:
        record = records.get(line.key)
        if manifest.baseline in (line.strategy, record.strategy.label if record else None):
            return RowKey(line.strategy, line.train_blur)
    return None
