"""Which images of a data set a budget takes. No torch: records are checked against it, too."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["stratified_subset"]


def stratified_subset(labels: NDArray[np.int64], limit: int | None) -> NDArray[np.int64]:
    """Positions of `limit` images with all classes in proportion, sorted; smaller subsets lie in larger ones."""
    if limit is None or limit >= len(labels):
        return np.arange(len(labels))
    random = np.random.Generator(np.random.PCG64(0))
    order = random.permutation(len(labels))
    place = np.empty(len(labels))
    for label in np.unique(labels):
        members = order[labels[order] == label]
        place[members] = (np.arange(len(members)) + random.random()) / len(members)
    return np.sort(np.argsort(place, kind="stable")[:limit])
