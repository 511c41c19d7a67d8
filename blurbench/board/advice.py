"""A user's question answered from a board: which remedy, what it wins and costs, how sure, and what is not known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from blurbench.board.comparison import mean_change
from blurbench.board.correct import unpacked
from blurbench.board.match_blur import BlurMatch, match_blur
from blurbench.board.outcomes import BlockKey, RowKey
from blurbench.board.render.formatting import row_name
from blurbench.board.schema import CLEAN, ORACLE, Block, Missing, Row, Standings
from blurbench.errors import RecordError, Unavailable, UnknownName
from blurbench.metrics.intervals import Interval
from blurbench.metrics.ranks import Scores, rank_sets
from blurbench.metrics.robustness import recovered
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
    blocks = {BlockKey(one.dataset, one.classifier, one.test_blur): one for one in standings.blocks}
    if not standings.meanings and any(one.rows or one.oracles for one in blocks.values()):
        raise Unavailable(
            "this board was published without what advice is worked out from; whoever has its results folder can "
            "publish it again with `blurbench leaderboard render --publish FOLDER`"
        )
    answering = match_blur(registry, standings.meanings, question.blur)
    datasets = _chosen("data set on this board:", question.dataset, (place.dataset for place in blocks))
    classifiers = _chosen("classifier on this board:", question.classifier, (place.classifier for place in blocks))
    baseline = _baseline(blocks.values())
    found = []
    for classifier in classifiers:
        places = [BlockKey(dataset, classifier, answering.test_blur) for dataset in datasets]
        places = [place for place in places if _has(blocks, place, baseline)]
        if places:
            asked = _Asked(blocks, places, baseline, standings.timed_on, question)
            found.append(asked.answer(answering, datasets))
    if not found:
        raise Unavailable(f"nothing is measured yet under {answering.test_blur} for what you ask")
    return found


def _baseline(blocks: Iterable[Block]) -> RowKey:
    for block in blocks:
        for row in block.rows:
            if row.is_baseline:
                return _entry(row)
    raise Unavailable("the baseline was not measured on this board, so there is nothing to compare with")


def _chosen(what: str, wanted: str | None, known: Iterable[str]) -> list[str]:
    names = list(dict.fromkeys(known))
    if wanted is not None and wanted not in names:
        raise UnknownName(what, wanted, names)
    return [wanted] if wanted is not None else names


def _entry(row: Row | Missing) -> RowKey:
    return RowKey(row.strategy, row.train_blur)


def _rows(block: Block | None) -> dict[RowKey, Row]:
    return {_entry(row): row for row in (*block.rows, *block.oracles)} if block else {}


def _has(blocks: Mapping[BlockKey, Block], place: BlockKey, entry: RowKey) -> bool:
    return entry in _rows(blocks.get(place))


@dataclass(frozen=True, eq=False)
class _Scored:
    """A row of a block with its hits."""

    row: Row
    hits: Mapping[int, NDArray[np.bool_]]

    @classmethod
    def of(cls, row: Row, place: BlockKey) -> _Scored:
        """Unpack them; whoever wrote the board may have written anything."""
        where = f"{place.dataset}, {place.test_blur}, {row_name(*_entry(row))}"
        try:
            hits = {seed: unpacked(text, row.n) for seed, text in zip(row.seeds, row.hits, strict=True)}
        except (RecordError, ValueError):
            raise RecordError(f"{where}: its hits are not those of {row.n} images and its seeds") from None
        means = dict(zip(row.seeds, row.top1_by_seed, strict=False))
        if not hits or any(abs(float(one.mean()) - means.get(seed, -1)) > 1e-6 for seed, one in hits.items()):
            raise RecordError(f"{where}: its hits do not give its top-1")
        return cls(row, hits)

    def correct(self, seeds: Iterable[int]) -> NDArray[np.bool_]:
        """Which test images were right: (seeds, images)."""
        return np.stack([self.hits[seed] for seed in seeds])


def _common(*rows: _Scored) -> list[int]:
    return sorted(set.intersection(*(set(row.hits) for row in rows)))


@dataclass(frozen=True, eq=False)
class _Asked:
    """The blocks that a question is about: one test blur and classifier, one block a data set."""

    blocks: Mapping[BlockKey, Block]
    places: Sequence[BlockKey]
    baseline: RowKey
    timed_on: tuple[str, ...]
    question: Question

    def answer(self, answering: BlurMatch, datasets: Sequence[str]) -> Advice:
        others = [entry for entry in self._entries() if entry != self.baseline]
        complete = [entry for entry in others if len(self._measured[entry]) == len(self.places)]
        pairable = [entry for entry in complete if self._seeds(entry)]
        options = {entry: self._option(entry) for entry in pairable}
        allowed = [entry for entry, one in options.items() if one.knows != ORACLE and not one.against]
        ranked = self._ranked({entry: options[entry] for entry in allowed})
        best = ranked[0] if ranked and ranked[0].gain.low > 0 else None
        return Advice(
            answering,
            self.places[0].classifier,
            tuple(place.dataset for place in self.places),
            baseline=row_name(*self.baseline),
            seeds=min(len(self._seeds(entry)) for entry in [self.baseline, *pairable]),
            images=sum(one.row.n for one in self._base),
            timed_on=self.timed_on,
            loss=self._loss,
            best=best,
            allowed=tuple(ranked),
            ruled_out=_by_gain(one for one in options.values() if one.knows != ORACLE and one.against),
            oracles=_by_gain(one for one in options.values() if one.knows == ORACLE),
            not_measured=tuple(self._gaps(others, complete, pairable, datasets)),
        )

    # --- rows --------------------------------------------------------------------------------------------------------

    def _entries(self) -> list[RowKey]:
        found: dict[RowKey, None] = {}
        for place in self.places:
            block = self.blocks[place]
            rows: tuple[Row | Missing, ...] = (*block.rows, *block.oracles, *block.missing)
            found |= dict.fromkeys(map(_entry, rows))
        return list(found)

    def _at(self, places: Sequence[BlockKey]) -> dict[RowKey, list[_Scored]]:
        """What was measured of each row, by data set."""
        images: dict[str, int] = {}
        found: dict[RowKey, list[_Scored]] = {entry: [] for entry in self._entries()}
        for place in places:
            for entry, row in _rows(self.blocks.get(place)).items():
                if images.setdefault(place.dataset, row.n) != row.n:
                    raise RecordError(f"{place.dataset}: rows were measured on different numbers of images")
                found.setdefault(entry, []).append(_Scored.of(row, place))
        return found

    @cached_property
    def _measured(self) -> dict[RowKey, list[_Scored]]:
        return self._at(self.places)

    @cached_property
    def _clean(self) -> dict[RowKey, list[_Scored]]:
        return self._at([place._replace(test_blur=CLEAN) for place in self.places])

    @property
    def _base(self) -> list[_Scored]:
        return self._measured[self.baseline]

    def _seeds(self, entry: RowKey) -> list[int]:
        return _common(*self._measured[entry], *self._base)

    def _change(self, before: Sequence[_Scored], after: Sequence[_Scored]) -> Interval | None:
        """Paired, over all data sets; None where one is missing."""
        if not len(before) == len(after) == len(self.places) or not (seeds := _common(*before, *after)):
            return None
        return mean_change(self.places, before, after, seeds)

    @cached_property
    def _loss(self) -> Interval | None:
        if self.places[0].test_blur == CLEAN:
            return None
        return self._change(self._base, self._clean[self.baseline])

    def _option(self, entry: RowKey) -> Option:
        rows = [one.row for one in self._measured[entry]]
        gain = self._change(self._base, self._measured[entry])
        assert gain is not None
        clean = self._change(self._clean[self.baseline], self._clean[entry])
        added = self._added_ms(rows)
        return Option(
            row_name(*entry),
            gain,
            recovered=recovered(gain.estimate, self._loss) if self._loss else None,
            clean_change=clean,
            added_ms=added,
            fit_seconds=fmean(row.cost.fit_seconds for row in rows),
            requires=tuple(dict.fromkeys(name for row in rows for name in row.requires)),
            knows=ORACLE if any(row.is_oracle for row in rows) else rows[0].knows,
            exposure=tuple(dict.fromkeys(str(row.exposure) for row in rows)),
            is_control=any(row.control for row in rows),
            against=tuple(self._against(entry, rows, clean, added)),
        )

    def _added_ms(self, rows: Sequence[Row]) -> float | None:
        added = [row.cost.added_batch_1_ms for row in rows]
        return fmean(one for one in added if one is not None) if None not in added else None

    def _against(
        self, entry: RowKey, rows: Sequence[Row], clean: Interval | None, added: float | None
    ) -> Iterable[str]:
        limit, keep = self.question.budget_ms, self.question.keep_clean
        if limit is not None and added is None:
            yield "was not timed"
        elif limit is not None and added is not None and added > limit:
            yield f"adds {added:.3g} ms an image"
        if self.question.no_fit and self._is_fitted(entry, rows):
            yield "has to be fitted"
        if keep is not None and clean is None:
            yield "was not measured on sharp images"
        elif keep is not None and clean is not None and clean.estimate < -keep:
            yield f"costs {-100 * clean.estimate:.1f} points on sharp images"

    def _is_fitted(self, entry: RowKey, rows: Sequence[Row]) -> bool:
        """Whether anything is fitted beyond the plain classifier: to a blur, or over more images."""
        seen, base = (max(row.cost.fit_images_seen for row in some) for some in (rows, [one.row for one in self._base]))
        return bool(entry.train_blur) or seen > base

    # --- order -------------------------------------------------------------------------------------------------------

    def _ranked(self, options: Mapping[RowKey, Option]) -> list[Option]:
        """Best first, with who may be best of all: the baseline takes part."""
        entries = [self.baseline, *options]
        blocks = zip(*(self._measured[entry] for entry in entries), strict=True)
        scores = [Scores([row.hits for row in block], weight=1 / len(self.places)) for block in blocks]
        ranks = dict(zip(entries, rank_sets(scores), strict=True))
        # What is worse than the baseline by its own interval is not best, though all pairs at once may not tell.
        return list(
            _by_gain(
                replace(one, may_be_best=ranks[entry].low == 1 and one.gain.high >= 0) for entry, one in options.items()
            )
        )

    # --- gaps --------------------------------------------------------------------------------------------------------

    def _gaps(
        self, others: Sequence[RowKey], complete: Sequence[RowKey], pairable: Sequence[RowKey], datasets: Sequence[str]
    ) -> Iterable[str]:
        here = {place.dataset for place in self.places}
        if lacking := [dataset for dataset in datasets if dataset not in here]:
            yield f"{self.places[0].classifier} on {', '.join(lacking)}"
        for entry in others:
            if entry not in complete:
                yield f"{row_name(*entry)}: {self._reason(entry)}"
            elif entry not in pairable:
                yield f"{row_name(*entry)}: no seed that the baseline was measured with"

    def _reason(self, entry: RowKey) -> str:
        for place in self.places:
            if not _has(self.blocks, place, entry):
                missing = next((one for one in self.blocks[place].missing if _entry(one) == entry), None)
                if missing is None:
                    return f"not in the suite for {place.dataset}"
                return f"{place.dataset}: {missing.status}" + (f", {missing.reason}" if missing.reason else "")
        return "complete"


def _by_gain(options: Iterable[Option]) -> tuple[Option, ...]:
    """Of equals, what costs less: a control that does nothing is another row with more to compute."""
    return tuple(sorted(options, key=lambda one: (-one.gain.estimate, one.is_control, one.added_ms or 0.0, one.row)))
