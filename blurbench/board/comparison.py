"""Two sides compared cell by cell: two runs or versions of a board, or two strategies on one board.

Every change is paired: same test images, same seeds, hits of the second side less hits of the first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from blurbench.board.outcomes import BlockKey, Cells, HasCorrect, RowKey, RowOutcomes, common_seeds, difference, gather
from blurbench.board.render.formatting import row_name
from blurbench.board.schema import CLEAN
from blurbench.errors import UnknownName, UsageError
from blurbench.metrics.intervals import Interval, difference_interval, mean_difference_interval
from blurbench.results.record import Manifest, Record

__all__ = ["Change", "Comparison", "Uncompared", "compare_boards", "compare_strategies", "mean_change"]


@dataclass(frozen=True)
class Change:
    """What became of one row: in one block, or (`dataset` and `test_blur` empty) over all its blurred blocks."""

    dataset: str
    classifier: str
    test_blur: str
    row: str
    seeds: tuple[int, ...]
    before: float
    after: float
    """Top-1 over the common seeds."""
    change: Interval
    same: bool
    """No prediction was right on one side and wrong on the other."""


@dataclass(frozen=True)
class Uncompared:
    """A row of a block that only one side has, or that cannot be paired."""

    dataset: str
    classifier: str
    test_blur: str
    row: str
    reason: str


@dataclass(frozen=True)
class Comparison:
    """All that two sides have in common, and all that they have not."""

    overall: tuple[Change, ...]
    clean: tuple[Change, ...]
    """Over the clean blocks, as `overall` is over the blurred ones."""
    blocks: tuple[Change, ...]
    uncompared: tuple[Uncompared, ...]

    def losses(self, drop: float) -> list[Change]:
        """Where the whole 95% interval lies below a loss of `drop`, a fraction. Each is judged alone."""
        return [one for one in (*self.overall, *self.clean, *self.blocks) if one.change.high < -drop]


class _Pair(NamedTuple):
    """Two rows of a block, either of which may not be there."""

    place: BlockKey
    row: str
    one: RowOutcomes | None
    other: RowOutcomes | None


class _Joined(NamedTuple):
    """Two rows of a block that can be paired."""

    place: BlockKey
    one: RowOutcomes
    other: RowOutcomes


def compare_boards(
    one: tuple[Manifest, Mapping[str, Record]], other: tuple[Manifest, Mapping[str, Record]]
) -> Comparison:
    """The second board against the first, rows joined by their labels."""
    before, after = gather(*one), gather(*other)
    places = dict.fromkeys([*before, *after])
    return _compared(
        _Pair(place, row_name(*entry), before.get(place, {}).get(entry), after.get(place, {}).get(entry))
        for place in places
        for entry in dict.fromkeys([*before.get(place, {}), *after.get(place, {})])
    )


def compare_strategies(board: tuple[Manifest, Mapping[str, Record]], one: str, other: str) -> Comparison:
    """Two strategies of one board, the second against the first: wherever both were fitted to the same training blur,
    or one of them does not look at it. A row's full name, `retrain on gaussian-2`, chooses that one."""
    cells = gather(*board)
    _check_names(cells, (one, other))
    pairs = []
    for place, rows in cells.items():
        firsts, seconds = ([entry for entry in rows if _is(entry, name)] for name in (one, other))
        chosen = [(a, b) for a in firsts for b in seconds if a != b and _may_pair(a, b, (one, other))]
        pairs += [_Pair(place, f"{row_name(*b)} against {row_name(*a)}", rows[a], rows[b]) for a, b in chosen]
    if not pairs:
        raise UsageError(f"{one!r} and {other!r} are nowhere on this board in one block with the same training blur")
    return _compared(pairs)


def _is(entry: RowKey, name: str) -> bool:
    return name in (entry.strategy, row_name(*entry))


def _may_pair(one: RowKey, other: RowKey, names: Sequence[str]) -> bool:
    in_full = row_name(*one) == names[0] and row_name(*other) == names[1]
    return in_full or one.train_blur == other.train_blur or not (one.train_blur and other.train_blur)


def _check_names(cells: Cells, names: Iterable[str]) -> None:
    entries = {entry for rows in cells.values() for entry in rows}
    for name in names:
        if not any(_is(entry, name) for entry in entries):
            raise UnknownName("strategy on this board:", name, {entry.strategy for entry in entries})


# --- pairing --------------------------------------------------------------------------------------------------------


def _compared(pairs: Iterable[_Pair]) -> Comparison:
    changes: list[Change] = []
    uncompared: list[Uncompared] = []
    joined: dict[tuple[str, str], list[_Joined]] = {}
    for place, row, one, other in pairs:
        if one is None or other is None or not (one.records and other.records):
            uncompared.append(Uncompared(*place, row, _lacking(one, other)))
        elif reason := _obstacle(one, other):
            uncompared.append(Uncompared(*place, row, reason))
        else:
            cell = _Joined(place, one, other)
            changes.append(_change(place, row, [cell]))
            joined.setdefault((place.classifier, row), []).append(cell)
    overall, clean = _overall(joined, blurred=True), _overall(joined, blurred=False)
    return Comparison(overall, clean, tuple(changes), tuple(uncompared))


ONLY_FIRST = "only the first has it"
"""Why a cell is not compared: the second run lost it, or never measured it."""


def _lacking(one: RowOutcomes | None, other: RowOutcomes | None) -> str:
    if one is not None and one.records:
        return ONLY_FIRST
    return "only the second has it" if other is not None and other.records else "neither has measured it"


def _obstacle(one: RowOutcomes, other: RowOutcomes) -> str:
    """Why two measured rows cannot be paired; empty if they can."""
    if not common_seeds(one, other):
        return "measured with different seeds"
    return "" if _labels(one) == _labels(other) else "measured on different test images"


def _labels(row: RowOutcomes) -> list[int]:
    assert row.first.images is not None
    return row.first.images.label


def _overall(groups: Mapping[tuple[str, str], list[_Joined]], blurred: bool) -> tuple[Change, ...]:
    found = []
    for (classifier, row), cells in groups.items():
        chosen = [cell for cell in cells if (cell.place.test_blur != CLEAN) == blurred]
        if chosen and _seeds(chosen):
            found.append(_change(BlockKey("", classifier, "" if blurred else CLEAN), row, chosen))
    return tuple(found)


def _seeds(cells: Iterable[_Joined]) -> list[int]:
    return common_seeds(*(row for cell in cells for row in (cell.one, cell.other)))


def _change(place: BlockKey, row: str, cells: Sequence[_Joined]) -> Change:
    seeds = _seeds(cells)
    places, before, after = zip(*cells, strict=True)
    return Change(
        *place,
        row=row,
        seeds=tuple(seeds),
        before=fmean(float(one.correct(seeds).mean()) for one in before),
        after=fmean(float(one.correct(seeds).mean()) for one in after),
        change=mean_change(places, before, after, seeds),
        same=all(not difference(cell.other, cell.one, seeds).any() for cell in cells),
    )


def mean_change(
    places: Sequence[BlockKey], before: Sequence[HasCorrect], after: Sequence[HasCorrect], seeds: Sequence[int]
) -> Interval:
    """The mean paired difference over `places`, every block with the same weight.

    Blocks of one data set share their test images, so an image's differences are averaged over them first.
    """
    by_dataset: dict[str, list[NDArray[np.float64]]] = {}
    for place, one, other in zip(places, before, after, strict=True):
        by_dataset.setdefault(place.dataset, []).append(difference(other, one, seeds))
    means: list[NDArray[np.float64]] = [np.mean(group, axis=0) for group in by_dataset.values()]
    if len(means) == 1:
        return difference_interval(means[0])
    return mean_difference_interval(means, [len(group) / len(places) for group in by_dataset.values()])
