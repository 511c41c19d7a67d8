"""Which images of a data set a budget takes."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from blurbench.store.subset import stratified_subset

LABELS = np.random.default_rng(0).permutation(np.repeat(np.arange(4), (400, 200, 100, 100)))


def test_classes_come_in_proportion_and_positions_in_order() -> None:
    taken = stratified_subset(LABELS, 80)
    assert taken.tolist() == sorted(set(taken.tolist()))
    assert np.abs(np.bincount(LABELS[taken]) - [40, 20, 10, 10]).max() <= 1


def test_smaller_subsets_lie_in_larger_ones() -> None:
    sets = [set(stratified_subset(LABELS, limit).tolist()) for limit in (5, 80, 300, None)]
    assert all(small < large for small, large in pairwise(sets))
    assert [len(one) for one in sets] == [5, 80, 300, 800]


def test_it_is_not_the_first_images_and_always_the_same() -> None:
    taken = stratified_subset(LABELS, 80)
    assert taken.max() > 600
    assert np.array_equal(taken, stratified_subset(LABELS.copy(), 80))
