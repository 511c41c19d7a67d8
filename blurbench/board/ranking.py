"""The overall order for one classifier: the mean paired gain over all blurred blocks of all data sets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from blurbench.board.blocks import in_order, marked, recovered_ratio, with_ranks
from blurbench.board.outcomes import Outcomes, RowOutcomes
from blurbench.board.paired import (
    Pair,
    largest,
    mean_difference,
    mean_of_all,
    mean_of_known,
    paired_interval,
    seeds_of,
    top1_by_seed,
)
from blurbench.board.render.formatting import row_name
from blurbench.board.schema import (
    CLEAN,
    ORACLE,
    UNSTEADY,
    Block,
    BlockKey,
    EqualSteps,
    Incomplete,
    RankedStrategy,
    Ranking,
    Row,
    RowKey,
    Unseen,
)
from blurbench.metrics.intervals import Interval
from blurbench.metrics.ranks import Ranks, Scores, rank_sets
from blurbench.metrics.ratios import Ratio, mean_ratio_interval

__all__ = ["ranking"]

NEARLY = 0.95
"""A control with this share of a row's steps has as many: batches do not divide all images alike."""


def ranking(classifier: str, outcomes: Outcomes, blocks: Sequence[Block]) -> Ranking:
    """Rank the strategies that were measured wherever the baseline was; list what the others lack."""
    board = _Board(outcomes, [block for block in blocks if block.classifier == classifier])
    lacking = {key: board.lacking(key) for key in board.keys}
    complete = board.with_steps([board.overall(key) for key, cells in lacking.items() if board.measured and not cells])
    rivals = [row for row in complete if row.knows != ORACLE]
    ranked = in_order(marked(rivals, [board.top1_by_seed(row.key) for row in rivals]))
    blurred = board.blurred
    gaps = [block.best_of_gap.gain for block in blurred if block.best_of_gap]
    told = [block.best_oracle.gain for block in blurred if block.best_oracle]
    return Ranking(
        classifier,
        blurred_blocks=len(blurred),
        blocks_with_a_loss=sum(block.loss is not None and block.loss.low > 0 for block in blurred),
        rows=with_ranks(ranked, lambda keys: board.rank_sets(dict.fromkeys(keys, blurred))),
        oracles=tuple(in_order(row for row in complete if row.knows == ORACLE)),
        incomplete=tuple(Incomplete(*key, cells=cells) for key, cells in lacking.items() if cells),
        unseen=_unseen(board, ranked),
        best_of_gap=fmean(gaps) if gaps and len(gaps) == len(blurred) else None,
        best_oracle=fmean(told) if told and len(told) == len(blurred) else None,
        at_equal_steps=tuple(sorted(board.at_equal_steps(ranked), key=lambda one: (-one.gain.estimate, *one.key))),
    )


def _unseen(board: _Board, ranked: Sequence[RankedStrategy]) -> tuple[Unseen, ...]:
    """The rows by their gains where they had not met the blur; none where every row, or no row, met something."""
    gains = {row.key: row.gain_unseen for row in ranked if row.gain_unseen}
    if all(row.gain_seen is None for row in ranked):
        return ()
    order = sorted(gains, key=lambda key: (-gains[key].estimate, key))
    blocks = {key: board.unseen(key) for key in order}
    shaky = {row.key for row in ranked if UNSTEADY in row.flags}
    steady = {key: some for key, some in blocks.items() if key not in shaky}
    sets: dict[RowKey, Ranks] = dict(zip(steady, board.rank_sets(steady), strict=True))
    return tuple(
        Unseen(*key, len(blocks[key]), gains[key], rank, *sets.get(key, (None, None)))
        for rank, key in enumerate(order, start=1)
    )


@dataclass(frozen=True, eq=False)
class _Board:
    """All blocks of one classifier."""

    outcomes: Outcomes
    blocks: Sequence[Block]

    @property
    def keys(self) -> list[RowKey]:
        """All rows of any block."""
        return list(dict.fromkeys(key for block in self.blocks for key in self.outcomes.rows[block.key]))

    @cached_property
    def measured(self) -> list[Block]:
        """Where the baseline was measured."""
        return [block for block in self.blocks if self._seeds(block, self.outcomes.baseline)]

    @property
    def blurred(self) -> list[Block]:
        return [block for block in self.measured if block.test_blur != CLEAN]

    def _seeds(self, block: Block, key: RowKey | None) -> list[int]:
        row = self.outcomes.rows[block.key].get(key) if key else None
        return list(row.seeds) if row else []

    def lacking(self, key: RowKey) -> tuple[str, ...]:
        """The cells that the baseline has and the row does not, in words."""
        return tuple(
            f"{block.dataset} {block.test_blur}: {self._status(block, key)}"
            for block in self.measured
            if not set(self._seeds(block, self.outcomes.baseline)) <= set(self._seeds(block, key))
        )

    def _status(self, block: Block, key: RowKey) -> str:
        row = self.outcomes.rows[block.key].get(key)
        return row.missing[0].status if row and row.missing else "not in the suite"

    @cached_property
    def _rows(self) -> Mapping[BlockKey, Mapping[RowKey, Row]]:
        return {block.key: block.by_key for block in self.blocks}

    def overall(self, key: RowKey) -> RankedStrategy:
        """The means of a row that lacks nothing."""
        rows = [self._rows[block.key][key] for block in self.measured]
        blocks = list(zip(self.measured, rows, strict=True))
        seen, unseen = [block for block, row in blocks if row.exposure == "seen"], self.unseen(key)
        # What does not depend on the test blur is taken from the first block of each data set.
        costs = list({block.dataset: row.cost for block, row in reversed(blocks)}.values())
        return RankedStrategy(
            *key,
            knows=ORACLE if any(row.is_oracle for row in rows) else rows[0].knows,
            requires=tuple(dict.fromkeys(name for row in rows for name in row.requires)),
            is_baseline=key == self.outcomes.baseline,
            gain=self._gain(key, [*seen, *unseen]),
            gain_seen=self._gain(key, seen),
            gain_unseen=self._gain(key, unseen),
            clean_change=self._gain(key, [block for block in self.measured if block.test_blur == CLEAN]),
            recovered=mean_of_known(row.recovered for row in rows),
            recovered_interval=self._recovered_interval(
                key, [block for block, row in blocks if row.recovered is not None]
            ),
            fit_seconds=fmean(cost.fit_seconds for cost in costs),
            added_batch_1_ms=mean_of_all(cost.added_batch_1_ms for cost in costs),
            added_batch_256_ms=mean_of_all(cost.added_batch_256_ms for cost in costs),
            fit_images_seen=fmean(cost.fit_images_seen for cost in costs),
            fit_steps=mean_of_all(cost.fit_steps for cost in costs),
            parameters=max(cost.parameters for cost in costs),
            macs=largest(cost.macs for cost in costs),
            peak_memory_bytes=largest(cost.peak_memory_bytes for cost in costs),
            control=rows[0].control,
            flags=tuple(dict.fromkeys(flag for row in rows for flag in row.flags if flag != UNSTEADY)),
        )

    def _recovered_interval(self, key: RowKey, blocks: Sequence[Block]) -> Interval | None:
        """Of the mean over the blocks with something to recover."""
        by_dataset: dict[str, list[Ratio]] = {}
        rows, baseline = self.outcomes.rows, self.outcomes.baseline
        assert baseline is not None
        for place in [block.key for block in blocks]:
            sharp = rows[place._replace(test_blur=CLEAN)].get(baseline)
            if ratio := recovered_ratio(rows[place][key], rows[place][baseline], sharp):
                by_dataset.setdefault(place.dataset, []).append(ratio)
        same_seeds = all(len({len(above) for above, _ in ratios}) == 1 for ratios in by_dataset.values())
        return mean_ratio_interval(list(by_dataset.values())) if same_seeds else None

    def with_steps(self, rows: Sequence[RankedStrategy]) -> list[RankedStrategy]:
        """The rows with their steps as multiples of the baseline's."""
        own = next((row.fit_steps for row in rows if row.is_baseline), None)
        return [
            replace(row, steps_ratio=row.fit_steps / own if own and row.fit_steps is not None else None) for row in rows
        ]

    def at_equal_steps(self, rows: Sequence[RankedStrategy]) -> Iterator[EqualSteps]:
        """Each row against the control with the fewest steps that are as many as its own."""
        controls = [row for row in rows if row.control == "more steps" and row.steps_ratio is not None]
        others = [row for row in rows if row not in controls and not row.is_baseline] if controls else []
        for row in others:
            enough = [
                (one.steps_ratio, one)
                for one in (*(one for one in rows if one.is_baseline), *controls)
                if one.steps_ratio and row.steps_ratio is not None and one.steps_ratio >= NEARLY * row.steps_ratio
            ]
            ratio, control = min(enough, key=lambda pair: pair[0], default=(0.0, row))
            gain = paired_interval(self._pairs(row.key, self.blurred, control.key)) if enough else None
            if gain is not None and row.steps_ratio is not None:
                yield EqualSteps(*row.key, row.steps_ratio, row_name(*control.key), ratio, gain)

    def top1_by_seed(self, key: RowKey) -> list[float]:
        """The mean over the blurred blocks."""
        return top1_by_seed([self.outcomes.rows[block.key][key] for block in self.blurred])

    def unseen(self, key: RowKey) -> list[Block]:
        """Where a row met a blur that it had not met in training."""
        return [block for block in self.blurred if self._rows[block.key][key].exposure != "seen"]

    def _gain(self, key: RowKey, blocks: Sequence[Block]) -> Interval | None:
        return None if key == self.outcomes.baseline else paired_interval(self._pairs(key, blocks))

    def _pairs(self, key: RowKey, blocks: Sequence[Block], other: RowKey | None = None) -> list[Pair]:
        """The row and another, the baseline if none is named."""
        other = other or self.outcomes.baseline
        assert other is not None
        rows: list[tuple[BlockKey, Mapping[RowKey, RowOutcomes]]] = [(b.key, self.outcomes.rows[b.key]) for b in blocks]
        return [Pair(block, outcomes[key], outcomes[other]) for block, outcomes in rows]

    def rank_sets(self, blocks: Mapping[RowKey, Sequence[Block]]) -> list[Ranks]:
        """The ranks of rows by mean gain over the blocks of each, every block with the same weight."""
        if not blocks:
            return []
        datasets = dict.fromkeys(block.dataset for some in blocks.values() for block in some)
        return rank_sets([self._scores(dataset, blocks) for dataset in datasets] or [Scores([{} for _ in blocks])])

    def _scores(self, dataset: str, blocks: Mapping[RowKey, Sequence[Block]]) -> Scores:
        """Gains over the baseline image by image. Rows with other blocks have other weights for the data set, but
        `Scores` has one for all: it is the mean weight, and each row's gains are scaled by its own share of it."""
        own = {key: [block for block in some if block.dataset == dataset] for key, some in blocks.items()}
        sizes = {row.n for some in own.values() for block in some for row in block.by_key.values()}
        weights = {key: len(own[key]) / len(some) if some else 0.0 for key, some in blocks.items()}
        mean = fmean(weights.values())
        gains = [self._gains(key, own[key], weights[key] / mean if mean else 0.0, sizes) for key in blocks]
        return Scores(gains, weight=mean)

    def _gains(
        self, key: RowKey, blocks: Sequence[Block], weight: float, sizes: Iterable[int]
    ) -> dict[int, NDArray[np.float64]]:
        """By seed, (images,)."""
        pairs = self._pairs(key, blocks)
        return {seed: weight * mean_difference(pairs, [seed], sizes)[0] for seed in seeds_of(pairs)}
