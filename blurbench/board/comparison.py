"""Two sides compared cell by cell: two runs or versions of a board, or two rows of one board.

Every change is paired: same test images, same seeds, the second side less the first.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean

from blurbench.board.outcomes import Outcomes, RowOutcomes
from blurbench.board.paired import Pair, difference, paired_interval, seeds_of
from blurbench.board.render.formatting import row_name
from blurbench.board.schema import CLEAN, BlockKey, RowKey
from blurbench.errors import UnknownName, UsageError
from blurbench.metrics.intervals import Interval

__all__ = [
    "ONLY_FIRST",
    "Change",
    "Comparison",
    "Uncompared",
    "change_of",
    "compare_boards",
    "compare_strategies",
    "not_paired",
]

ONLY_FIRST = "only the first has it"
"""Why a cell is not compared: the second run lost it, or never measured it."""


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


@dataclass(frozen=True, eq=False)
class _Candidate:
    """Two rows of a block, either of which may not be there."""

    block: BlockKey
    row: str
    before: RowOutcomes | None
    after: RowOutcomes | None

    @property
    def obstacle(self) -> str:
        """Why they cannot be paired; empty if they can."""
        seeds = (row.seeds if row else () for row in (self.before, self.after))
        if (reason := not_paired(*seeds)) or self.before is None or self.after is None:
            return reason
        same = self.before.first.truth == self.after.first.truth
        return "" if same else "measured on different test images"

    def pair(self) -> Pair:
        assert self.before is not None
        assert self.after is not None
        return Pair(self.block, self.after, self.before)


def not_paired(before: Collection[int], after: Collection[int]) -> str:
    """Why two rows with these seeds cannot be paired; empty if they can."""
    if not before or not after:
        return ONLY_FIRST if before else "only the second has it" if after else "neither has measured it"
    return "" if set(before) & set(after) else "measured with different seeds"


def compare_boards(before: Outcomes, after: Outcomes) -> Comparison:
    """The second board against the first, rows joined by their labels."""
    return _compared(
        _Candidate(block, row_name(*key), rows.get(key), others.get(key))
        for block in dict.fromkeys([*before.rows, *after.rows])
        for rows, others in [(before.rows.get(block, {}), after.rows.get(block, {}))]
        for key in dict.fromkeys([*rows, *others])
    )


def compare_strategies(board: Outcomes, first: str, second: str) -> Comparison:
    """Two strategies of one board, the second against the first: wherever both were fitted to the same training blur,
    or one of them does not look at it. A row's full name, `retrain on gaussian-2`, chooses that one."""
    known = {key for rows in board.rows.values() for key in rows}
    for name in (first, second):
        if not any(_is_called(key, name) for key in known):
            raise UnknownName("strategy on this board:", name, {key.strategy for key in known})
    candidates = [
        _Candidate(block, f"{row_name(*after)} against {row_name(*before)}", rows[before], rows[after])
        for block, rows in board.rows.items()
        for before in rows
        for after in rows
        if _is_called(before, first) and _is_called(after, second)
        if before != after and _may_pair(before, after, (first, second))
    ]
    if not candidates:
        raise UsageError(f"{first!r} and {second!r} are nowhere on this board in one block with the same training blur")
    return _compared(candidates)


def _is_called(key: RowKey, name: str) -> bool:
    return name in (key.strategy, row_name(*key))


def _may_pair(before: RowKey, after: RowKey, names: tuple[str, str]) -> bool:
    in_full = (row_name(*before), row_name(*after)) == names
    return in_full or before.train_blur == after.train_blur or not (before.train_blur and after.train_blur)


# --- pairing --------------------------------------------------------------------------------------------------------


def _compared(candidates: Iterable[_Candidate]) -> Comparison:
    changes: list[Change] = []
    uncompared: list[Uncompared] = []
    groups: dict[tuple[str, str], list[Pair]] = {}
    for candidate in candidates:
        if candidate.obstacle:
            uncompared.append(Uncompared(*candidate.block, candidate.row, candidate.obstacle))
        else:
            pair = candidate.pair()
            changes += _changes(candidate.block, candidate.row, [pair])
            groups.setdefault((candidate.block.classifier, candidate.row), []).append(pair)
    return Comparison(_overall(groups, True), _overall(groups, False), tuple(changes), tuple(uncompared))


def _overall(groups: dict[tuple[str, str], list[Pair]], blurred: bool) -> tuple[Change, ...]:
    changes: list[Change] = []
    for (classifier, row), pairs in groups.items():
        chosen = [pair for pair in pairs if (pair.block.test_blur != CLEAN) == blurred]
        changes += _changes(BlockKey("", classifier, "" if blurred else CLEAN), row, chosen)
    return tuple(changes)


def _changes(block: BlockKey, row: str, pairs: Sequence[Pair]) -> list[Change]:
    change = change_of(block, row, pairs)
    return [] if change is None else [change]


def change_of(block: BlockKey, row: str, pairs: Sequence[Pair]) -> Change | None:
    """What became of a row, over the seeds that all of `pairs` have; None where there is no such seed."""
    seeds = seeds_of(pairs)
    if (change := paired_interval(pairs, seeds) if seeds else None) is None:
        return None
    before, after = (
        fmean(float(side.correct(seeds).mean()) for side in sides)
        for sides in ([pair.reference for pair in pairs], [pair.row for pair in pairs])
    )
    same = all(not difference(pair.row, pair.reference, seeds).any() for pair in pairs)
    return Change(*block, row, tuple(seeds), before, after, change, same)
