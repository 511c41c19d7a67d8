"""A user's question answered from a board: which remedy, what it wins and costs, how sure, and what is not known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean

from blurbench.errors import Unavailable, UnknownName
from blurbench.leaderboard.comparison import mean_change
from blurbench.leaderboard.measured import Cells, Entry, Measured, Place, baseline_entry, common_seeds, gather
from blurbench.leaderboard.nearest import Answering, answering_blur
from blurbench.leaderboard.rows import CLEAN, ORACLE
from blurbench.leaderboard.wording import row_name
from blurbench.metrics.intervals import Interval
from blurbench.metrics.ranks import Scores, rank_sets
from blurbench.metrics.robustness import recovered
from blurbench.registry import Menu
from blurbench.results.record import Cost, Manifest, Record, Timing

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
    against: tuple[str, ...] = ()
    """What the question rules out about it."""
    may_be_best: bool = False
    """Among those that the question allows, no other is told to be better: 95% for all at once."""


@dataclass(frozen=True)
class Advice:
    """The answer for one classifier."""

    answering: Answering
    classifier: str
    datasets: tuple[str, ...]
    baseline: str
    seeds: int
    """The fewest over all rows."""
    images: int
    loss: Interval | None
    """What the blur costs the baseline."""
    best: Option | None
    """None: keep the baseline, nothing that is allowed surely wins."""
    allowed: tuple[Option, ...]
    ruled_out: tuple[Option, ...]
    oracles: tuple[Option, ...]
    not_measured: tuple[str, ...]


def advise(
    menu: Menu,
    manifest: Manifest,
    records: Mapping[str, Record],
    timings: Mapping[str, Timing],
    question: Question,
) -> list[Advice]:
    """One answer a classifier. Raises UnknownName, or Unavailable where the board says nothing."""
    answering = answering_blur(menu, manifest, records, question.blur)
    cells, baseline = gather(manifest, records), baseline_entry(manifest, records)
    datasets = _chosen("data set on this board:", question.dataset, (place.dataset for place in cells))
    classifiers = _chosen("classifier on this board:", question.classifier, (place.classifier for place in cells))
    if baseline is None:
        raise Unavailable("the baseline was not measured on this board, so there is nothing to compare with")
    found = []
    for classifier in classifiers:
        places = [Place(dataset, classifier, answering.test_blur) for dataset in datasets]
        places = [place for place in places if _has(cells, place, baseline)]
        if places:
            found.append(_Asked(cells, places, baseline, timings, question).answer(answering, datasets))
    if not found:
        raise Unavailable(f"nothing is measured yet under {answering.test_blur} for what you ask")
    return found


def _chosen(what: str, wanted: str | None, known: Iterable[str]) -> list[str]:
    names = list(dict.fromkeys(known))
    if wanted is not None and wanted not in names:
        raise UnknownName(what, wanted, names)
    return [wanted] if wanted is not None else names


def _has(cells: Cells, place: Place, entry: Entry) -> bool:
    row = cells.get(place, {}).get(entry)
    return row is not None and bool(row.records)


@dataclass(frozen=True, eq=False)
class _Asked:
    """The blocks that a question is about: one test blur and classifier, one block a data set."""

    cells: Cells
    places: Sequence[Place]
    baseline: Entry
    timings: Mapping[str, Timing]
    question: Question

    def answer(self, answering: Answering, datasets: Sequence[str]) -> Advice:
        entries = list(dict.fromkeys(entry for place in self.places for entry in self.cells[place]))
        others = [entry for entry in entries if entry != self.baseline]
        complete = [entry for entry in others if all(_has(self.cells, place, entry) for place in self.places)]
        pairable = [entry for entry in complete if self._seeds(entry)]
        options = {entry: self._option(entry) for entry in pairable}
        allowed = [entry for entry, one in options.items() if one.knows != ORACLE and not one.against]
        ranked = self._ranked({entry: options[entry] for entry in allowed})
        best = ranked[0] if ranked and ranked[0].gain.low > 0 else None
        base = [self.cells[place][self.baseline] for place in self.places]
        return Advice(
            answering,
            self.places[0].classifier,
            tuple(place.dataset for place in self.places),
            baseline=row_name(*self.baseline),
            seeds=min(len(self._seeds(entry)) for entry in [self.baseline, *pairable]),
            images=sum(row.metrics[0].n for row in base),
            loss=self._loss,
            best=best,
            allowed=tuple(ranked),
            ruled_out=_by_gain(one for one in options.values() if one.knows != ORACLE and one.against),
            oracles=_by_gain(one for one in options.values() if one.knows == ORACLE),
            not_measured=tuple(self._gaps(others, complete, pairable, datasets)),
        )

    # --- rows --------------------------------------------------------------------------------------------------------

    def _rows(self, entry: Entry, clean: bool = False) -> list[Measured]:
        places = [place._replace(test_blur=CLEAN) for place in self.places] if clean else self.places
        return [self.cells[place][entry] for place in places if _has(self.cells, place, entry)]

    def _seeds(self, entry: Entry) -> list[int]:
        return common_seeds(*self._rows(entry), *self._rows(self.baseline))

    def _change(self, before: Sequence[Measured], after: Sequence[Measured]) -> Interval | None:
        """Paired, over all data sets; None where one is missing."""
        if not len(before) == len(after) == len(self.places) or not (seeds := common_seeds(*before, *after)):
            return None
        return mean_change(self.places, before, after, seeds)

    @property
    def _loss(self) -> Interval | None:
        return self._change(self._rows(self.baseline), self._rows(self.baseline, clean=True))

    def _option(self, entry: Entry) -> Option:
        rows, base = self._rows(entry), self._rows(self.baseline)
        gain = self._change(base, rows)
        assert gain is not None
        loss = self._loss
        clean = self._change(self._rows(self.baseline, clean=True), self._rows(entry, clean=True))
        added = self._added_ms(rows, base)
        return Option(
            row_name(*entry),
            gain,
            recovered=recovered(gain.estimate, loss) if loss else None,
            clean_change=clean,
            added_ms=added,
            fit_seconds=fmean(cost.fit_seconds for row in rows for cost in _costs(row)),
            requires=tuple(dict.fromkeys(name for row in rows for name in row.first.requires)),
            knows=ORACLE if ORACLE in [row.first.knows for row in rows] else str(rows[0].first.knows),
            exposure=tuple(dict.fromkeys(str(row.first.exposure) for row in rows)),
            against=tuple(self._against(entry, rows, base, clean, added)),
        )

    def _added_ms(self, rows: Sequence[Measured], base: Sequence[Measured]) -> float | None:
        times = [[self.timings.get(cost.timing) for cost in _costs(row)[:1]] for row in (*rows, *base)]
        known = [timing.batch_1_ms for (timing,) in times if timing is not None]
        if len(known) < len(times):
            return None
        return fmean(known[: len(rows)]) - fmean(known[len(rows) :])

    def _against(
        self,
        entry: Entry,
        rows: Sequence[Measured],
        base: Sequence[Measured],
        clean: Interval | None,
        added: float | None,
    ) -> Iterable[str]:
        limit, keep = self.question.budget_ms, self.question.keep_clean
        if limit is not None and added is None:
            yield "not timed"
        elif limit is not None and added is not None and added > limit:
            yield f"adds {added:.3g} ms an image"
        if self.question.no_fit and _fits(entry, rows, base):
            yield "has to be fitted"
        if keep is not None and clean is None:
            yield "not measured on sharp images"
        elif keep is not None and clean is not None and clean.estimate < -keep:
            yield f"costs {-100 * clean.estimate:.1f} points on sharp images"

    # --- order -------------------------------------------------------------------------------------------------------

    def _ranked(self, options: Mapping[Entry, Option]) -> list[Option]:
        """Best first, with who may be best of all: the baseline takes part."""
        entries = [self.baseline, *options]
        blocks = zip(*map(self._rows, entries), strict=True)
        scores = [Scores([row.hits for row in block], weight=1 / len(self.places)) for block in blocks]
        ranks = dict(zip(entries, rank_sets(scores), strict=True))
        judged = [replace(one, may_be_best=ranks[entry].low == 1) for entry, one in options.items()]
        return list(_by_gain(judged))

    # --- gaps --------------------------------------------------------------------------------------------------------

    def _gaps(
        self, others: Sequence[Entry], complete: Sequence[Entry], pairable: Sequence[Entry], datasets: Sequence[str]
    ) -> Iterable[str]:
        here = {place.dataset for place in self.places}
        if lacking := [dataset for dataset in datasets if dataset not in here]:
            yield f"{self.places[0].classifier} on {', '.join(lacking)}"
        for entry in others:
            if entry not in complete:
                yield f"{row_name(*entry)}: {self._reason(entry)}"
            elif entry not in pairable:
                yield f"{row_name(*entry)}: no seed that the baseline was measured with"

    def _reason(self, entry: Entry) -> str:
        for place in self.places:
            if not _has(self.cells, place, entry):
                row = self.cells[place].get(entry)
                if row is None or not row.missing:
                    return f"not in the suite for {place.dataset}"
                missing = row.missing[0]
                return f"{place.dataset}: {missing.status}" + (f", {missing.reason}" if missing.reason else "")
        return "complete"


def _costs(row: Measured) -> list[Cost]:
    return [record.cost for record in row.records.values() if record.cost]


def _by_gain(options: Iterable[Option]) -> tuple[Option, ...]:
    return tuple(sorted(options, key=lambda one: (-one.gain.estimate, one.row)))


def _fits(entry: Entry, rows: Sequence[Measured], base: Sequence[Measured]) -> bool:
    """Whether anything is fitted beyond the plain classifier: to a blur, or over more images."""
    seen = [[cost.fit_images_seen for row in some for cost in _costs(row)] for some in (rows, base)]
    return bool(entry.train_blur) or max(seen[0]) > max(seen[1])
