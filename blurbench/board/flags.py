"""What a reader must know of a row before its figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from blurbench.board.outcomes import RowOutcomes
from blurbench.store.record import OUT_OF_TIME

__all__ = ["flags_of", "is_one_class"]

_LEAST = 0.1
"""Of the way from always saying the commonest class to being always right: below it a network has learnt nothing."""
_NEARLY_ALL = 0.9
_MOST = 0.75
"""Of the test images in one class: where that many are, answers may well be."""


def flags_of(row: RowOutcomes, sharp: RowOutcomes | None) -> tuple[str, ...]:
    """All but unsteadiness, which depends on other rows; `sharp` is the same row on images without blur."""
    cells = row.cells.values()
    found = {
        "near chance on sharp images": sharp is not None and _is_at_chance(sharp),
        "predicts one class": any(is_one_class(cell.predicted.tolist(), cell.truth) for cell in cells),
        "fit still improving": any(cell.still_improving for cell in cells),
        "cut short by its time limit": any(OUT_OF_TIME in gap.reason for gap in row.missing),
    }
    return tuple(flag for flag, holds in found.items() if holds)


def _is_at_chance(row: RowOutcomes) -> bool:
    """The mean over seeds is."""
    chance, top1 = _commonest(row.first.truth), float(row.correct(row.seeds).mean())
    return chance < 1 and (top1 - chance) / (1 - chance) < _LEAST


def is_one_class(predicted: Sequence[int], truth: Sequence[int]) -> bool:
    """Whether nearly all images are given one label, though their true ones differ."""
    return _commonest(predicted) > _NEARLY_ALL and _commonest(truth) < _MOST


def _commonest(labels: Iterable[int]) -> float:
    """The share of the commonest label."""
    counts = Counter(labels)
    return max(counts.values()) / counts.total()
