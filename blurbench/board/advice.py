"""A user's question answered from a board: which remedy, what it wins and costs, how sure, and what is not known."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from statistics import fmean

from blurbench.board.hits import unpacked
from blurbench.board.match_blur import BlurMatch, match_blur
from blurbench.board.paired import Hits, Pair, common_seeds, mean_of_all, paired_interval, top1_by_seed
from blurbench.board.render.formatting import row_name
from blurbench.board.schema import CLEAN, ORACLE, Block, BlockKey, Row, RowKey, Standings
from blurbench.errors import RecordError, Unavailable, UnknownName
from blurbench.metrics.intervals import Interval
from blurbench.metrics.ranks import Scores, rank_sets
from blurbench.metrics.robustness import recovered
from blurbench.metrics.steadiness import unsteady
from blurbench.registry import Registry

__all__ = ["Advice", "Option", "Question", "advise"]


@dataclass(frozen=True)
class Question:
    """What the user has and wants. Shares are fractions."""

    blur: str
    dataset: str | None = None
    classifier: str | None = None
    budget_ms: float | None = None
    """The most that a remedy may add to the time of an image alone."""
    no_fit: bool = False
    """Nothing may be fitted: the classifier stays as it is."""
    keep_clean: float | None = None
    """The most top-1 that it may cost on sharp images."""


@dataclass(frozen=True)
class Option:
    """One remedy for the blur, a mean over data sets."""

    row: str
    gain: Interval
    recovered: float | None
    clean_change: Interval | None
    added_ms: float | None
    """Milliseconds more than the baseline for an image alone."""
    fit_seconds: float
    requires: tuple[str, ...]
    knows: str
    exposure: tuple[str, ...]
    """Had it met the blur? One word where all data sets agree."""
    is_control: bool = False
    flags: tuple[str, ...] = ()
    """What to know before its figures, as the board has it."""
    against: tuple[str, ...] = ()
    """What the question rules out about it."""
    may_be_best: bool = False
    """Among those that the question allows, and the baseline, no other is told to be better: 95% for all at once."""


@dataclass(frozen=True)
class Advice:
    """The answer for one classifier."""

    answering: BlurMatch
    classifier: str
    datasets: tuple[str, ...]
    baseline: str
    seeds: int
    """The fewest over all rows."""
    images: int
    timed_on: tuple[str, ...]
    """What the milliseconds hold for."""
    loss: Interval | None
    """What the blur costs the baseline; None, too, where no blur was asked about."""
    best: Option | None
    """None: keep the baseline, nothing that is allowed surely wins."""
    allowed: tuple[Option, ...]
    ruled_out: tuple[Option, ...]
    oracles: tuple[Option, ...]
    not_measured: tuple[str, ...]


def advise(registry: Registry, standings: Standings, question: Question) -> list[Advice]:
    """One answer a classifier, the same from a results folder and from the JSON that was published from it.

    Raises:
        UsageError: the board has no such data set or classifier, or there is no such blur.
        Unavailable: the board says nothing of what is asked.
        RecordError: the board contradicts itself.
    """
    blocks = {block.key: block for block in standings.blocks}
    if not standings.meanings and any(block.by_key for block in blocks.values()):
        raise Unavailable(
            "this board was published without what advice is worked out from; whoever has its results folder can "
            "publish it again with `blurbench leaderboard render --publish FOLDER`"
        )
    answering = match_blur(registry, standings.meanings, question.blur)
    datasets = _chosen("data set on this board:", question.dataset, (place.dataset for place in blocks))
    classifiers = _chosen("classifier on this board:", question.classifier, (place.classifier for place in blocks))
    baseline = _baseline(blocks.values())
    answers = []
    for classifier in classifiers:
        asked = [BlockKey(dataset, classifier, answering.test_blur) for dataset in datasets]
        if keys := [key for key in asked if key in blocks and baseline in blocks[key].by_key]:
            answers.append(_Asked(blocks, keys, baseline, standings.timed_on, question).answer(answering, datasets))
    if not answers:
        raise Unavailable(f"nothing is measured yet under {answering.test_blur} for what you ask")
    return answers


def _baseline(blocks: Iterable[Block]) -> RowKey:
    for block in blocks:
        for row in block.rows:
            if row.is_baseline:
                return row.key
    raise Unavailable("the baseline was not measured on this board, so there is nothing to compare with")


def _chosen(what: str, wanted: str | None, known: Iterable[str]) -> list[str]:
    names = list(dict.fromkeys(known))
    if wanted is not None and wanted not in names:
        raise UnknownName(what, wanted, names)
    return [wanted] if wanted is not None else names


@dataclass(frozen=True, eq=False)
class _Scored(Hits):
    """With the row of a block that they are of."""

    row: Row


def _scored(row: Row, block: BlockKey) -> _Scored:
    """Unpack a row; whoever wrote the board may have written anything."""
    where = f"{block.dataset}, {block.test_blur}, {row_name(*row.key)}"
    try:
        by_seed = {seed: unpacked(text, row.n) for seed, text in zip(row.seeds, row.correct, strict=True)}
    except (RecordError, ValueError):
        raise RecordError(f"{where}: its hits are not those of {row.n} images and its seeds") from None
    means = dict(zip(row.seeds, row.top1_by_seed, strict=False))
    if not by_seed or any(abs(float(hits.mean()) - means.get(seed, -1)) > 1e-6 for seed, hits in by_seed.items()):
        raise RecordError(f"{where}: its hits do not give its top-1")
    return _Scored(by_seed, row)


@dataclass(frozen=True, eq=False)
class _Asked:
    """The blocks that a question is about: one test blur and classifier, one block a data set."""

    blocks: Mapping[BlockKey, Block]
    keys: Sequence[BlockKey]
    baseline: RowKey
    timed_on: tuple[str, ...]
    question: Question

    def answer(self, answering: BlurMatch, datasets: Sequence[str]) -> Advice:
        others = [row for row in self._all_rows() if row != self.baseline]
        complete = [row for row in others if len(self._measured[row]) == len(self.keys)]
        pairable = [row for row in complete if self._seeds(row)]
        options = {row: self._option(row) for row in pairable}
        allowed = {row: option for row, option in options.items() if option.knows != ORACLE and not option.against}
        ranked = self._ranked(allowed)
        return Advice(
            answering,
            self.keys[0].classifier,
            tuple(key.dataset for key in self.keys),
            baseline=row_name(*self.baseline),
            seeds=min(len(self._seeds(row)) for row in [self.baseline, *pairable]),
            images=sum(scored.row.n for scored in self._baselines),
            timed_on=self.timed_on,
            loss=self._loss,
            best=ranked[0] if ranked and ranked[0].gain.low > 0 else None,
            allowed=ranked,
            ruled_out=_by_gain(option for option in options.values() if option.knows != ORACLE and option.against),
            oracles=_by_gain(option for option in options.values() if option.knows == ORACLE),
            not_measured=tuple(self._gaps(others, complete, pairable, datasets)),
        )

    # --- rows --------------------------------------------------------------------------------------------------------

    def _all_rows(self) -> list[RowKey]:
        blocks = [self.blocks[key] for key in self.keys]
        return list(dict.fromkeys(row for b in blocks for row in [*b.by_key, *(gap.key for gap in b.missing)]))

    def _at(self, keys: Sequence[BlockKey]) -> dict[RowKey, list[_Scored]]:
        """What was measured of each row, by data set."""
        images: dict[str, int] = {}
        scored: dict[RowKey, list[_Scored]] = {row: [] for row in self._all_rows()}
        for key in keys:
            for row in self.blocks[key].by_key.values() if key in self.blocks else ():
                if images.setdefault(key.dataset, row.n) != row.n:
                    raise RecordError(f"{key.dataset}: rows were measured on different numbers of images")
                scored.setdefault(row.key, []).append(_scored(row, key))
        return scored

    @cached_property
    def _measured(self) -> dict[RowKey, list[_Scored]]:
        return self._at(self.keys)

    @cached_property
    def _clean(self) -> dict[RowKey, list[_Scored]]:
        return self._at([key._replace(test_blur=CLEAN) for key in self.keys])

    @property
    def _baselines(self) -> list[_Scored]:
        return self._measured[self.baseline]

    def _seeds(self, row: RowKey) -> list[int]:
        return common_seeds(*self._measured[row], *self._baselines)

    def _change(self, before: Sequence[_Scored], after: Sequence[_Scored]) -> Interval | None:
        """Paired, over all data sets and the seeds that they share; None where one is missing."""
        if not len(before) == len(after) == len(self.keys) or not (seeds := common_seeds(*before, *after)):
            return None
        return paired_interval([Pair(*cell) for cell in zip(self.keys, after, before, strict=True)], seeds)

    @cached_property
    def _loss(self) -> Interval | None:
        if self.keys[0].test_blur == CLEAN or any(self.blocks[key].photographed for key in self.keys):
            return None
        return self._change(self._baselines, self._clean[self.baseline])

    def _option(self, key: RowKey) -> Option:
        rows = [scored.row for scored in self._measured[key]]
        gain = self._change(self._baselines, self._measured[key])
        assert gain is not None
        clean = self._change(self._clean[self.baseline], self._clean[key])
        added = mean_of_all(row.cost.added_batch_1_ms for row in rows)
        return Option(
            row_name(*key),
            gain,
            recovered=recovered(gain.estimate, self._loss) if self._loss else None,
            clean_change=clean,
            added_ms=added,
            fit_seconds=fmean(row.cost.fit_seconds for row in rows),
            requires=tuple(dict.fromkeys(name for row in rows for name in row.requires)),
            knows=ORACLE if any(row.is_oracle for row in rows) else rows[0].knows,
            exposure=tuple(dict.fromkeys(str(row.exposure) for row in rows)),
            is_control=any(row.control for row in rows),
            flags=tuple(dict.fromkeys(flag for row in rows for flag in row.flags)),
            against=tuple(self._against(key, rows, clean, added)),
        )

    def _against(self, key: RowKey, rows: Sequence[Row], clean: Interval | None, added: float | None) -> Iterable[str]:
        limit, keep = self.question.budget_ms, self.question.keep_clean
        if limit is not None and added is None:
            yield "was not timed"
        elif limit is not None and added is not None and added > limit:
            yield f"adds {added:.3g} ms an image"
        if self.question.no_fit and self._is_fitted(key, rows):
            yield "has to be fitted"
        if keep is not None and clean is None:
            yield "was not measured on sharp images"
        elif keep is not None and clean is not None and clean.estimate < -keep:
            yield f"costs {-100 * clean.estimate:.1f} points on sharp images"

    def _is_fitted(self, key: RowKey, rows: Sequence[Row]) -> bool:
        """Whether anything is fitted beyond the plain classifier: to a blur, or over more images."""
        plain = max(scored.row.cost.fit_images_seen for scored in self._baselines)
        return bool(key.train_blur) or max(row.cost.fit_images_seen for row in rows) > plain

    # --- order -------------------------------------------------------------------------------------------------------

    def _ranked(self, options: Mapping[RowKey, Option]) -> tuple[Option, ...]:
        """Best first, with who may be best of all: the baseline takes part."""
        rows = [self.baseline, *options]
        far_apart = unsteady([top1_by_seed(self._measured[row]) for row in rows])
        steady = [row for row, far in zip(rows, far_apart, strict=True) if not far]
        blocks = zip(*(self._measured[row] for row in steady), strict=True)
        scores = [Scores([scored.by_seed for scored in block], weight=1 / len(self.keys)) for block in blocks]
        ranks = dict(zip(steady, rank_sets(scores), strict=True)) if steady else {}
        # Of a row that is unsteady the pairs are not asked: it may be best if its luckiest seed comes up to the leader.
        leader = max((options[row].gain.low for row in steady if row in options), default=-math.inf)
        leading = {row for row in options if (ranks[row].low == 1 if row in ranks else self._luck(row) >= leader)}
        # What is worse than the baseline by its own interval is not best, though all pairs at once may not tell.
        return _by_gain(
            replace(option, may_be_best=row in leading and option.gain.high >= 0) for row, option in options.items()
        )

    def _luck(self, key: RowKey) -> float:
        """The gain of the row's best seed over the baseline's mean."""
        return max(top1_by_seed(self._measured[key])) - fmean(top1_by_seed(self._baselines))

    # --- gaps --------------------------------------------------------------------------------------------------------

    def _gaps(
        self, others: Sequence[RowKey], complete: Sequence[RowKey], pairable: Sequence[RowKey], datasets: Sequence[str]
    ) -> Iterable[str]:
        answered = {key.dataset for key in self.keys}
        if lacking := [dataset for dataset in datasets if dataset not in answered]:
            yield f"{self.keys[0].classifier} on {', '.join(lacking)}"
        for row in others:
            if row not in complete:
                yield f"{row_name(*row)}: {self._reason(row)}"
            elif row not in pairable:
                yield f"{row_name(*row)}: no seed that the baseline was measured with"

    def _reason(self, row: RowKey) -> str:
        for block in (self.blocks[key] for key in self.keys):
            if row not in block.by_key:
                gap = next((gap for gap in block.missing if gap.key == row), None)
                if gap is None:
                    return f"not in the suite for {block.dataset}"
                return f"{block.dataset}: {gap.status}" + (f", {gap.reason}" if gap.reason else "")
        return "complete"


def _by_gain(options: Iterable[Option]) -> tuple[Option, ...]:
    """Of equals, what costs less: a control that does nothing is another row with more to compute."""

    def place(option: Option) -> tuple[float, bool, float, str]:
        return -option.gain.estimate, option.is_control, option.added_ms or 0.0, option.row

    return tuple(sorted(options, key=place))
