"""Rows whose seeds lie far apart, such as a network that sometimes collapses: no mean over a few seeds speaks of them.

An interval rests on the seeds that there are. Where one seed in five collapses, three seeds show no collapse half of
the time, and where they show one, the seeds' variance of that row widens what is told of every other (`ranks` lends
each pair the mean over all). Such a row is marked and not ranked.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

__all__ = ["FAR", "TIMES", "unsteady"]

FAR = 0.1
"""Of top-1 from the lowest to the highest seed: nothing below it is unsteady."""
TIMES = 3
"""So many times the median of the other rows' spans: where all rows are wide, none stands out."""


def unsteady(by_seed: Sequence[Sequence[float]]) -> list[bool]:
    """Whether each row is, by its top-1 for each seed: its seeds span more than 10 points, and more than three times
    what the seeds of the median other row do."""
    spans = [max(row) - min(row) if row else 0.0 for row in by_seed]
    return [
        span > FAR and span > TIMES * median([*spans[:place], *spans[place + 1 :]] or [0.0])
        for place, span in enumerate(spans)
    ]
