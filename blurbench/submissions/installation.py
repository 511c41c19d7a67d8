"""What this installation knows, for records to be held against."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from blurbench.contract import Classifier, Dataset, Shape
from blurbench.errors import Unavailable
from blurbench.matrix.cell import Data
from blurbench.registry import Registry
from blurbench.store.dataset_cache import describe
from blurbench.store.store import Store
from blurbench.store.subset import stratified_subset
from blurbench.submissions.replan import check_places

__all__ = ["Installation"]


class Installation:
    """Plugins, suites, and the data sets that are found in `folders`: what `measurements.Installation` asks for."""

    def __init__(self, registry: Registry, store: Store, folders: tuple[Path, ...]) -> None:
        self.registry, self.store, self.folders = registry, store, folders
        self._data: dict[Dataset, Data | Unavailable] = {}
        self._labels: dict[tuple[str, int | None], list[int]] = {}
        self._parameters: dict[tuple[Classifier, Shape, int], int] = {}

    def data(self, dataset: Dataset) -> Data:
        """Raises Unavailable, in words for `validate`, where it is not here, or lies where only its record says."""
        if dataset not in self._data:
            self._data[dataset] = self._described(dataset)
        if isinstance(found := self._data[dataset], Unavailable):
            raise found
        return found

    def _described(self, dataset: Dataset) -> Data | Unavailable:
        try:
            check_places(dataset, self.folders)
        except Unavailable as reason:
            return reason
        try:
            return describe(self.registry, self.store, dataset, self.folders)
        except Unavailable:
            return Unavailable(f"data set {self.registry.name_of(dataset)} is not here")

    def labels(self, data: Data, limit: int | None) -> list[int]:
        """The test labels under a budget of `limit` test images."""
        if (data.key, limit) not in self._labels:
            labels = np.load(self.store.root / "data" / data.key / "test-labels.npy")
            self._labels[data.key, limit] = labels[stratified_subset(labels, limit)].tolist()
        return self._labels[data.key, limit]

    def parameters(self, classifier: Classifier, data: Data) -> int:
        """How many its network has; 0 where it cannot be built."""
        key = (classifier, data.shape, data.classes)
        if key not in self._parameters:
            try:
                network = classifier.build(data.shape, data.classes)
                self._parameters[key] = sum(parameter.numel() for parameter in network.parameters())
            except Exception:  # a plugin's own: replaying the record will say so
                self._parameters[key] = 0
        return self._parameters[key]
