"""What a suite can ask for: one class a measurement, registered in `measurements.MEASUREMENTS`.

A measurement says which axes its cells have, how a suite of it is planned, how a cell is measured, and how a record
that somebody else made is checked. Everything else (keys, workers, storing, merging, comparing) is the same for all.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NamedTuple, Protocol, TypeVar

from blurbench.contract import Classifier, Dataset, Degraded, Fitted, ImageSet, Predictor
from blurbench.matrix.axes import AxisValue
from blurbench.matrix.cell import Data
from blurbench.matrix.plan import Planner
from blurbench.matrix.suite import Suite
from blurbench.matrix.tasks import Evaluate, Fit, FitPredictor
from blurbench.measurements.schema import MeasureName, Result, Stored
from blurbench.registry import Registry

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray

__all__ = ["Axis", "Bench", "Clock", "Installation", "Measurement", "PluginConfig", "Recorded"]

R = TypeVar("R", bound=Result)
T = TypeVar("T")


class Axis(NamedTuple):
    """One axis of a matrix."""

    name: str
    kind: str
    """The kind of plugin on it."""
    is_optional: bool = False
    """Whether a cell may have no value on it."""


class PluginConfig(Stored):
    """One axis value of a cell: the plugin's name, its shortest expression, and everything about it."""

    name: str
    label: str
    config: dict[str, Any]


class Clock(Protocol):
    """Books seconds."""

    @property
    def seconds(self) -> Mapping[str, float]: ...

    def phase(self, name: str) -> AbstractContextManager[None]:
        """Book the time spent inside under `name`."""


class Bench(Protocol):
    """What measuring a cell may use: a worker's context."""

    registry: Registry
    device: torch.device

    @property
    def clock(self) -> Clock: ...

    def test_images(self, task: Evaluate) -> ImageSet:
        """The clean test images of a cell."""

    def degraded(self, task: Evaluate) -> Sequence[Degraded]:
        """Its blurred test images, in chunks in id order, of which the first is the longest; they may be made one at a
        time as they are asked for."""

    def fitted(self, fit: Fit) -> Fitted:
        """The stored artifact of a fit, frozen."""

    def predictor(self, fit: FitPredictor) -> Predictor:
        """A fitted predictor, put together from the store."""

    def metadata(self, key: str) -> Mapping[str, Any] | None:
        """What the store says of an artifact."""

    def remember(self, key: Any, make: Callable[[], T]) -> T:
        """A small value that several cells share."""

    def restored(self, key: Any, make: Callable[[], list[torch.Tensor]]) -> list[torch.Tensor]:
        """Restored images that several cells share."""

    def keep_samples(self, key: str, samples: Mapping[str, NDArray[np.uint8]]) -> None:
        """Keep a few images of a cell for the pictures beside a board."""


class Installation(Protocol):
    """The plugins and data sets that are here, for records to be held against."""

    registry: Registry

    def data(self, dataset: Dataset) -> Data:
        """Raises Unavailable where the data set is not here."""

    def labels(self, data: Data, limit: int | None) -> list[int]:
        """The test labels under a budget of `limit` test images."""

    def parameters(self, classifier: Classifier, data: Data) -> int:
        """How many its network has; 0 where it cannot be built."""


class Recorded(Protocol):
    """What a record says of its cell."""

    @property
    def axes(self) -> Mapping[str, PluginConfig]: ...

    @property
    def budget(self) -> Mapping[str, Any]: ...

    @property
    def seed(self) -> int: ...

    @property
    def test_seed(self) -> int: ...

    @property
    def settings(self) -> Mapping[str, Any]: ...


class Measurement(ABC, Generic[R]):
    """One kind of measurement."""

    name: ClassVar[MeasureName]
    axes: ClassVar[tuple[Axis, ...]]
    shown_axes: ClassVar[tuple[str, ...]]
    """What tells the lines of a board apart, the seed aside: axes, and settings such as a split."""
    truth_axes: ClassVar[tuple[str, ...]] = ("dataset",)
    """Records that agree on these axes were measured against the same truth."""
    result: ClassVar[type[Result]]

    def kind(self, axis: str) -> str:
        """The kind of plugin on an axis."""
        return next(known.kind for known in self.axes if known.name == axis)

    @abstractmethod
    def plan(
        self,
        planner: Planner,
        suite: Suite,
        only: Mapping[str, Iterable[str]],
        seeds: Sequence[int],
        machine: Mapping[str, Any],
    ) -> None:
        """Add the cells of `suite` under its budget, and their tasks, to `planner.plan`."""

    @abstractmethod
    def test_blurs(self, registry: Registry, suite: Suite, only: Mapping[str, Iterable[str]]) -> tuple[AxisValue, ...]:
        """The test blurs in suite order."""

    @abstractmethod
    def settings(self, registry: Registry, suite: Suite) -> dict[str, Any]:
        """What else a suite asks for in all of its cells, as JSON: it is in their keys and records. Of a list, a user
        may have asked for more."""

    @abstractmethod
    def measure(self, task: Evaluate, bench: Bench) -> R:
        """Measure one cell."""

    @abstractmethod
    def suite_of(self, record: Recorded) -> Suite:
        """The suite that has the record's cell and no other."""

    @abstractmethod
    def label_values(self, registry: Registry, suite: Suite) -> Iterator[tuple[str, Iterable[AxisValue]]]:
        """What the labels of a suite stand for, axis by axis."""

    @abstractmethod
    def sanity_check(self, result: R, record: Recorded) -> None:
        """Raise ValueError in one line for what cannot have been measured, whoever wrote it."""

    @abstractmethod
    def check(self, result: R, record: Recorded, installation: Installation) -> None:
        """Hold a result against plugins and data. Raises RecordError, or Unavailable without the data."""

    @abstractmethod
    def truth(self, result: R) -> Any:
        """What two results on the same test images must agree on; compared by `same_truth`."""

    def sampling(self, result: R) -> Any:
        """How the truth was sampled, as JSON: results of another sampling are not held against each other."""
        return None

    def same_truth(self, first: Any, second: Any) -> bool:
        """Whether two results were measured on the same test images."""
        return bool(first == second)
