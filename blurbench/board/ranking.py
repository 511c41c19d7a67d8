"""The overall order for one classifier: the mean paired gain over all blurred blocks of all data sets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from blurbench.board.outcomes import BlockKey, Cells, RowKey, common_seeds, difference
from blurbench.board.pareto import CostBenefit, on_front
from blurbench.board.schema import CLEAN, ORACLE, Block, Incomplete, RankedStrategy, Ranking, Row, Unseen
from blurbench.metrics.intervals import Interval, mean_difference_interval
from blurbench.metrics.ranks import Ranks, Scores, rank_sets

__all__ = ["ranking"]


def ranking(classifier: str, cells: Cells, blocks: Sequence[Block], baseline: RowKey | None) -> Ranking:
    """Rank the strategies that were measured wherever the baseline was; list what the others lack."""
    board = _Board(classifier, cells, _rows(classifier, blocks), baseline)
    entries = list(dict.fromkeys(entry for place in board.own for entry in cells[place]))
    lacking = {entry: board.lacking(entry) for entry in entries}
    complete = [board.overall(entry) for entry in entries if board.places and not lacking[entry]]
    ranked = sorted((one for one in complete if one.knows != ORACLE), key=_order)
    blurred = [place for place in board.places if place.test_blur != CLEAN]
    sets = board.rank_sets([_entry(one) for one in ranked], lambda entry: blurred)
    front = on_front([_offer(one) for one in ranked])
    return Ranking(
        classifier,
        blurred_blocks=len(blurred),
        blocks_with_a_loss=sum(_place(block) in blurred and _has_a_loss(block) for block in blocks),
        rows=tuple(
            replace(one, rank=rank, rank_low=own.low, rank_high=own.high, on_front=worth)
            for rank, (one, own, worth) in enumerate(zip(ranked, sets, front, strict=True), start=1)
        ),
        oracles=tuple(sorted((one for one in complete if one.knows == ORACLE), key=_order)),
        incomplete=tuple(Incomplete(*entry, cells=cells) for entry, cells in lacking.items() if cells),
        unseen=_unseen(board, ranked),
        headroom=_headroom([block for block in blocks if _place(block) in blurred]),
    )


def _unseen(board: _Board, ranked: Sequence[RankedStrategy]) -> tuple[Unseen, ...]:
    """The rows by their gains where they had not met the blur; none where every row, or no row, met something."""
    gains = {_entry(one): one.gain_unseen for one in ranked if one.gain_unseen}
    if all(one.gain_seen is None for one in ranked):
        return ()
    order = sorted(gains, key=lambda entry: (-gains[entry].estimate, entry))
    sets = board.rank_sets(order, board.unseen)
    return tuple(
        Unseen(*entry, len(board.unseen(entry)), gains[entry], rank, *own)
        for rank, (entry, own) in enumerate(zip(order, sets, strict=True), start=1)
    )


def _headroom(blocks: Sequence[Block]) -> float | None:
    gains = [block.headroom.gain for block in blocks if block.headroom]
    return fmean(gains) if gains and len(gains) == len(blocks) else None


def _entry(one: RankedStrategy) -> RowKey:
    return RowKey(one.strategy, one.train_blur)


def _offer(one: RankedStrategy) -> CostBenefit | None:
    gain = 0.0 if one.is_baseline else one.gain.estimate if one.gain else None
    if gain is None or one.added_batch_1_ms is None:
        return None
    return CostBenefit(
        gain, one.added_batch_1_ms, one.fit_seconds, bool(one.gain and one.gain.high < 0), bool(one.control)
    )


def _order(one: RankedStrategy) -> tuple[float, bool, str, str]:
    # Of equals, a control comes after the remedy that it is the control of.
    return (-one.gain.estimate if one.gain else 0.0, bool(one.control), one.strategy, one.train_blur)


def _place(block: Block) -> BlockKey:
    return BlockKey(block.dataset, block.classifier, block.test_blur)


def _has_a_loss(block: Block) -> bool:
    return block.loss is not None and block.loss.low > 0


def _rows(classifier: str, blocks: Iterable[Block]) -> dict[tuple[BlockKey, RowKey], Row]:
    return {
        (_place(block), RowKey(row.strategy, row.train_blur)): row
        for block in blocks
        if block.classifier == classifier
        for row in (*block.rows, *block.oracles)
    }


@dataclass(frozen=True, eq=False)
class _Board:
    """All blocks of one classifier."""

    classifier: str
    cells: Cells
    rows: Mapping[tuple[BlockKey, RowKey], Row]
    baseline: RowKey | None

    @property
    def own(self) -> list[BlockKey]:
        return [place for place in self.cells if place.classifier == self.classifier]

    @property
    def places(self) -> list[BlockKey]:
        """Where the baseline was measured."""
        return [place for place in self.own if self._seeds(place, self.baseline)]

    def _seeds(self, place: BlockKey, entry: RowKey | None) -> list[int]:
        row = self.cells[place].get(entry) if entry else None
        return list(row.records) if row else []

    def lacking(self, entry: RowKey) -> tuple[str, ...]:
        """The cells that the baseline has and `entry` does not, in words."""
        return tuple(
            f"{place.dataset} {place.test_blur}: {self._status(place, entry)}"
            for place in self.places
            if not set(self._seeds(place, self.baseline)) <= set(self._seeds(place, entry))
        )

    def _status(self, place: BlockKey, entry: RowKey) -> str:
        row = self.cells[place].get(entry)
        return row.missing[0].status if row and row.missing else "not in the suite"

    def overall(self, entry: RowKey) -> RankedStrategy:
        """The means of `entry`, which lacks nothing."""
        rows = {place: self.rows[place, entry] for place in self.places}
        clean = [place for place in rows if place.test_blur == CLEAN]
        seen, unseen = [place for place in rows if rows[place].exposure == "seen"], self.unseen(entry)
        one_each = {place.dataset: rows[place] for place in reversed(self.places)}.values()
        return RankedStrategy(
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
            fit_images_seen=fmean(row.cost.fit_images_seen for row in one_each),
            fit_steps=_mean_of_all(row.cost.fit_steps for row in one_each),
            parameters=max(row.cost.parameters for row in one_each),
            macs=_most(row.cost.macs for row in one_each),
            peak_memory_bytes=_most(row.cost.peak_memory_bytes for row in one_each),
            control=next(iter(rows.values())).control,
        )

    def unseen(self, entry: RowKey) -> list[BlockKey]:
        """Where `entry` met a blur that it had not met in training."""
        return [
            place for place in self.places if place.test_blur != CLEAN and self.rows[place, entry].exposure != "seen"
        ]

    def rank_sets(self, entries: Sequence[RowKey], where: Callable[[RowKey], Sequence[BlockKey]]) -> list[Ranks]:
        """The ranks by mean gain over the places of each entry, every block with the same weight."""
        if not entries:
            return []
        places = {entry: list(where(entry)) for entry in entries}
        datasets = dict.fromkeys(place.dataset for entry in entries for place in places[entry])
        return rank_sets([self._scores(dataset, places) for dataset in datasets] or [Scores([{} for _ in entries])])

    def _scores(self, dataset: str, places: Mapping[RowKey, Sequence[BlockKey]]) -> Scores:
        """Gains over the baseline image by image. Rows with other places have other weights; the mean is taken out."""
        own = {entry: [place for place in some if place.dataset == dataset] for entry, some in places.items()}
        weights = {entry: len(own[entry]) / len(some) if some else 0.0 for entry, some in places.items()}
        mean = fmean(weights.values())
        return Scores(
            [self._gains(entry, own[entry], weights[entry] / mean if mean else 0.0) for entry in places], weight=mean
        )

    def _gains(self, entry: RowKey, places: Sequence[BlockKey], weight: float) -> dict[int, NDArray[np.float64]]:
        """By seed, (images,)."""
        if not places:
            return {}
        seeds = common_seeds(*(self.cells[place][one] for place in places for one in self._pair(entry)))
        return {seed: weight * self._mean_difference(entry, places, [seed])[0] for seed in seeds}

    def _pair(self, entry: RowKey) -> tuple[RowKey, RowKey]:
        assert self.baseline is not None
        return entry, self.baseline

    @staticmethod
    def _knows(rows: Iterable[Row]) -> str:
        """An oracle anywhere is an oracle."""
        known = [row.knows for row in rows]
        return ORACLE if ORACLE in known else known[0]

    def _gain(self, entry: RowKey, places: Sequence[BlockKey]) -> Interval | None:
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

    def _mean_difference(
        self, entry: RowKey, places: Sequence[BlockKey], seeds: Sequence[int] | None = None
    ) -> NDArray[np.float64]:
        """Image by image, for the seeds that were measured at all `places`: (seeds, images), maybe no seed."""
        pairs = [tuple(self.cells[place][one] for one in self._pair(entry)) for place in places]
        seeds = common_seeds(*(row for pair in pairs for row in pair)) if seeds is None else seeds
        if not seeds:
            return np.empty((0, 0))
        mean: NDArray[np.float64] = np.mean([difference(row, base, seeds) for row, base in pairs], axis=0)
        return mean


def _mean_of_known(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None


def _most(values: Iterable[int | None]) -> int | None:
    numbers = list(values)
    return None if None in numbers else max(number for number in numbers if number is not None)


def _mean_of_all(values: Iterable[float | None]) -> float | None:
    numbers = list(values)
    return None if None in numbers else fmean(number for number in numbers if number is not None)
