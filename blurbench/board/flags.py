"""What a reader must know of a row before its figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from blurbench.board.outcomes import RowOutcomes
from blurbench.store.record import OUT_OF_TIME

__all__ = ["AT_CHANCE", "IMPROVING", "LATE", "ONE_CLASS", "flags_of"]

AT_CHANCE = "near chance on sharp images"
ONE_CLASS = "predicts one class"
IMPROVING = "fit still improving"
LATE = "cut short by its time limit"

_LEAST = 0.1
"""Of the way from always saying the commonest class to being always right: below it a network has learnt nothing."""
_NEARLY_ALL = 0.9
_MOST = 0.75
"""Of the test images in one class: where that many are, answers may well be."""


def flags_of(row: RowOutcomes, sharp: RowOutcomes | None) -> tuple[str, ...]:
    """All but unsteadiness, which depends on other rows; `sharp` is the same row on images without blur."""
    return tuple(_flags(row, sharp))


def _flags(row: RowOutcomes, sharp: RowOutcomes | None) -> Iterator[str]:
    if sharp is not None and _is_at_chance(sharp):
        yield AT_CHANCE
    if any(_is_one_class(cell.predicted, cell.truth) for cell in row.cells.values()):
        yield ONE_CLASS
    if any(cell.still_improving for cell in row.cells.values()):
        yield IMPROVING
    if any(OUT_OF_TIME in gap.reason for gap in row.missing):
        yield LATE


def _is_at_chance(row: RowOutcomes) -> bool:
    """The mean over seeds is."""
    chance, top1 = _commonest(row.first.truth), float(row.correct(row.seeds).mean())
    return chance < 1 and (top1 - chance) / (1 - chance) < _LEAST


def _is_one_class(predicted: NDArray[np.integer], truth: tuple[int, ...]) -> bool:
    return _commonest(predicted.tolist()) > _NEARLY_ALL and _commonest(truth) < _MOST


def _commonest(labels: Iterable[int]) -> float:
    """The share of the commonest label."""
    counts = Counter(labels)
    return max(counts.values()) / counts.total()
