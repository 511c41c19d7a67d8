"""What this installation knows, for records to be held against."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import numpy as np

from blurbench.contract import Dataset
from blurbench.errors import Unavailable
from blurbench.registry import Registry
from blurbench.results.decoded import describe
from blurbench.results.estimation import Sampling
from blurbench.results.recall import suite_samplings, suite_seeds
from blurbench.results.shares import share
from blurbench.results.store import Store
from blurbench.suites.plan import Data

__all__ = ["Known"]


class Known:
    """Plugins and suites, and the data sets that are found in `folders`."""

    def __init__(self, registry: Registry, store: Store, folders: tuple[Path, ...]) -> None:
        self.registry, self.store, self.folders = registry, store, folders
        self._data: dict[Dataset, Data | Unavailable] = {}
        self._labels: dict[tuple[str, int | None], list[int]] = {}

    @cached_property
    def seeds(self) -> list[int]:
        """The test seeds of the suites."""
        return suite_seeds(self.registry)

    @cached_property
    def samplings(self) -> list[Sampling]:
        """How the suites of estimators have pictures read."""
        return suite_samplings(self.registry)

    def data(self, dataset: Dataset) -> Data:
        """Raises Unavailable, in words for `validate`, where it is not here."""
        if dataset not in self._data:
            try:
                self._data[dataset] = describe(self.registry, self.store, dataset, self.folders)
            except Unavailable:
                self._data[dataset] = Unavailable(f"data set {self.registry.name_of(dataset)} is not here")
        if isinstance(found := self._data[dataset], Unavailable):
            raise found
        return found

    def labels(self, data: Data, limit: int | None) -> list[int]:
        """The test labels under a budget of `limit` test images."""
        if (data.key, limit) not in self._labels:
            labels = np.load(self.store.root / "data" / data.key / "test-labels.npy")
            self._labels[data.key, limit] = labels[share(labels, limit)].tolist()
        return self._labels[data.key, limit]
