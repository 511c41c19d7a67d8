"""The overall order for one classifier: the mean paired gain over all blurred blocks of all data sets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from blurbench.leaderboard.measured import Cells, Entry, Place, common_seeds, difference
from blurbench.leaderboard.rows import CLEAN, ORACLE, Block, Incomplete, Overall, Ranking, Row
from blurbench.metrics.intervals import Interval, mean_difference_interval

__all__ = ["ranking"]


def ranking(classifier: str, cells: Cells, blocks: Sequence[Block], baseline: Entry | None) -> Ranking:
    """Rank the strategies that were measured wherever the baseline was; list what the others lack."""
    board = _Board(classifier, cells, _rows(classifier, blocks), baseline)
    entries = list(dict.fromkeys(entry for place in board.own for entry in cells[place]))
    lacking = {entry: board.lacking(entry) for entry in entries}
    complete = [board.overall(entry) for entry in entries if board.places and not lacking[entry]]
    ranked = sorted((one for one in complete if one.knows != ORACLE), key=_order)
    blurred = {place for place in board.places if place.test_blur != CLEAN}
    return Ranking(
        classifier,
        blurred_blocks=len(blurred),
        blocks_with_a_loss=sum(_place(block) in blurred and _has_a_loss(block) for block in blocks),
        rows=tuple(replace(one, rank=rank) for rank, one in enumerate(ranked, start=1)),
        oracles=tuple(sorted((one for one in complete if one.knows == ORACLE), key=_order)),
        incomplete=tuple(Incomplete(*entry, cells=cells) for entry, cells in lacking.items() if cells),
    )


def _order(one: Overall) -> tuple[float, str, str]:
    return (-one.gain.estimate if one.gain else 0.0, one.strategy, one.train_blur)


def _place(block: Block) -> Place:
    return Place(block.dataset, block.classifier, block.test_blur)


def _has_a_loss(block: Block) -> bool:
    return block.loss is not None and block.loss.low > 0


def _rows(classifier: str, blocks: Iterable[Block]) -> dict[tuple[Place, Entry], Row]:
    return {
        (_place(block), Entry(row.strategy, row.train_blur)): row
        for block in blocks
        if block.classifier == classifier
        for row in (*block.rows, *block.oracles)
    }


@dataclass(frozen=True, eq=False)
class _Board:
    """All blocks of one classifier."""

    classifier: str
    cells: Cells
    rows: Mapping[tuple[Place, Entry], Row]
    baseline: Entry | None

    @property
    def own(self) -> list[Place]:
        return [place for place in self.cells if place.classifier == self.classifier]

    @property
    def places(self) -> list[Place]:
        """Where the baseline was measured."""
        return [place for place in self.own if self._seeds(place, self.baseline)]

    def _seeds(self, place: Place, entry: Entry | None) -> list[int]:
        row = self.cells[place].get(entry) if entry else None
        return list(row.records) if row else []

    def lacking(self, entry: Entry) -> tuple[str, ...]:
        """The cells that the baseline has and `entry` does not, in words."""
        return tuple(
            f"{place.dataset} {place.test_blur}: {self._status(place, entry)}"
            for place in self.places
            if not set(self._seeds(place, self.baseline)) <= set(self._seeds(place, entry))
        )

    def _status(self, place: Place, entry: Entry) -> str:
        row = self.cells[place].get(entry)
        return row.missing[0].status if row and row.missing else "not in the suite"

    def overall(self, entry: Entry) -> Overall:
        """The means of `entry`, which lacks nothing."""
        rows = {place: self.rows[place, entry] for place in self.places}
        clean = [place for place in rows if place.test_blur == CLEAN]
        seen = [place for place in rows if rows[place].exposure == "seen"]
        unseen = [place for place in rows if place not in (*clean, *seen)]
        one_each = {place.dataset: rows[place] for place in reversed(self.places)}.values()
        return Overall(
            *entry,
            knows=self._knows(rows.values()),
            requires=tuple(dict.fromkeys(name for row in rows.values() for name in row.requires)),
            is_baseline=entry == self.baseline,
            gain=self._gain(entry, [*seen, *unseen]),
            gain_seen=self._gain(entry, seen),
            gain_unseen=self._gain(entry, unseen),
            clean_change=self._gain(entry, clean),
            recovered=_mean_of_known(row.recovered for row in rows.values()),
            fit_seconds=fmean(row.cost.fit_seconds for row in one_each),
            added_batch_1_ms=_mean_of_all(row.cost.added_batch_1_ms for row in one_each),
            added_batch_256_ms=_mean_of_all(row.cost.added_batch_256_ms for row in one_each),
        )

    @staticmethod
    def _knows(rows: Iterable[Row]) -> str:
        """An oracle anywhere is an oracle."""
        known = [row.knows for row in rows]
        return ORACLE if ORACLE in known else known[0]

    def _gain(self, entry: Entry, places: Sequence[Place]) -> Interval | None:
        """The mean paired gain over `places`, every block with the same weight.

        Blocks of one data set share their test images, so an image's gains are averaged over them first.
        """
        if entry == self.baseline or not places:
            return None
        datasets = dict.fromkeys(place.dataset for place in places)
        groups = [[place for place in places if place.dataset == dataset] for dataset in datasets]
        gains = [self._mean_difference(entry, group) for group in groups]
        if not all(gain.size for gain in gains):
            return None
        return mean_difference_interval(gains, [len(group) / len(places) for group in groups])

    def _mean_difference(self, entry: Entry, places: Sequence[Place]) -> NDArray[np.float64]:
        """Image by image, for the seeds that were measured at all `places`: (seeds, images), maybe no seed."""
        assert self.baseline is not None
        pairs = [(self.cells[place][entry], self.cells[place][self.baseline]) for place in places]
        seeds = common_seeds(*(row for pair in pairs for row in pair))
        if not seeds:
            return np.empty((0, 0))
        mean: NDArray[np.float64] = np.mean([difference(row, base, seeds) for row, base in pairs], axis=0)
        return mean


def _mean_of_known(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None


def _mean_of_all(values: Iterable[float | None]) -> float | None:
    numbers = list(values)
    return None if None in numbers else fmean(number for number in numbers if number is not None)
