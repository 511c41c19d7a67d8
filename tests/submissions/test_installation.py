"""What this installation knows, for records to be held against."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from blurbench_datasets.imagefolder import ImageFolder

from blurbench.errors import Unavailable
from blurbench.registry import Registry
from blurbench.store.store import Store
from blurbench.submissions.installation import Installation


@pytest.fixture
def installation(registry: Registry, smoked: Path, tmp_path: Path) -> Installation:
    return Installation(registry, Store(smoked), (tmp_path,))


def test_labels_under_a_budget_are_those_of_its_subset(registry: Registry, installation: Installation) -> None:
    data = installation.data(registry.resolve("datasets", "digits"))
    few, all_of_them = installation.labels(data, 100), installation.labels(data, None)
    assert (len(few), len(all_of_them)) == (100, data.test)
    assert np.abs(np.bincount(few) - 100 / len(all_of_them) * np.bincount(all_of_them)).max() <= 1


def test_the_parameters_of_a_network_that_cannot_be_built_are_not_known(
    registry: Registry, installation: Installation
) -> None:
    data = installation.data(registry.resolve("datasets", "digits"))
    network = registry.resolve("classifiers", "cnn3[widths=[4, 8, 8]]")
    built = sum(one.numel() for one in network.build(data.shape, data.classes).parameters())
    assert installation.parameters(network, data) == built
    assert installation.parameters(registry.resolve("classifiers", "vit[patch=5]"), data) == 0


def test_what_is_not_here_or_only_where_a_record_says_is_told_so_again_and_again(
    registry: Registry, installation: Installation, tmp_path: Path
) -> None:
    for _ in range(2):
        with pytest.raises(Unavailable, match="data set usps is not here"):
            installation.data(registry.resolve("datasets", "usps"))
        with pytest.raises(Unavailable):
            installation.data(ImageFolder(str(tmp_path.parent), side=32))
