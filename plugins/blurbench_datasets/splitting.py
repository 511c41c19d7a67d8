"""Orders by which data sets are cut into parts. Both use NumPy's frozen generator, so they never change."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SEED = 2048
"""The seed of the shuffle in the restore-then-classify paper (UC San Diego, 2022); all splits here use it."""


def balanced_order(labels: NDArray[np.integer]) -> NDArray[np.intp]:
    """A shuffled order of all images in which any run from the start holds the classes as equally as it can."""
    import numpy as np

    shuffled = np.random.RandomState(SEED).permutation(len(labels))
    turn = np.empty(len(labels), np.intp)
    for label in np.unique(labels):
        of_class = labels[shuffled] == label
        turn[of_class] = np.arange(of_class.sum())
    return shuffled[np.argsort(turn, kind="stable")]


def held_out(count: int, fraction: float) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Training and validation indices: shuffle `count` images, the first `fraction` of them validate."""
    import numpy as np

    order = np.random.RandomState(SEED).permutation(count)
    validation = max(1, int(count * fraction))
    return order[validation:], order[:validation]
