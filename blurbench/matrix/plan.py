"""The matrix multiplied out: which artifacts must be fitted, which cells measured, in what order, under what keys.

A key is the digest of everything that can change the result: the plugins with their parameters and revisions, the
decoded data, the budget, the seed, the keys of the inputs. What cannot change it (labels, suite name, device, batch
size, package versions) is left out, so that suites share artifacts and cells.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, partial
from typing import Any, TypeVar

from blurbench.contract import (
    AnyRestorer,
    Blur,
    Budget,
    Classifier,
    Dataset,
    Estimator,
    EstimatorNeed,
    Need,
    Plugin,
    PredictorNeed,
    Restorer,
    Setting,
    Strategy,
)
from blurbench.errors import BlurbenchError, DiskFull, Skip, UsageError, is_disk_full
from blurbench.matrix.axes import AxisValue
from blurbench.matrix.cell import Cell, Data
from blurbench.matrix.keys import digest
from blurbench.matrix.suite import SplitBy
from blurbench.matrix.tasks import Fit, FitEstimator, FitPredictor, FitRestorer, Task
from blurbench.registry import Registry, config, label

__all__ = ["Plan", "Planner"]

Describe = Callable[[Dataset], Data]
"""What planning must know of a data set; it decodes the data set, or remembers it, and may raise `Unavailable`."""

T = TypeVar("T", bound=Task)
F = TypeVar("F", bound=Fit)
P = TypeVar("P")

MOST_CELLS = 100_000
"""In one plan."""


@dataclass
class Plan:
    """All cells of the matrix, and the tasks that lead to them, in an order in which needs come first."""

    cells: list[Cell] = field(default_factory=list)
    tasks: dict[str, Task] = field(default_factory=dict)

    def leading_to(self, keys: Iterable[str]) -> dict[str, Task]:
        """The tasks of `keys` and everything that they need, in plan order."""
        wanted: set[str] = set()
        waiting = [key for key in keys if key in self.tasks]
        while waiting:
            key = waiting.pop()
            if key not in wanted:
                wanted.add(key)
                waiting.extend(needed.key for needed in self.tasks[key].needs)
        return {key: task for key, task in self.tasks.items() if key in wanted}


class Planner:
    """Makes cells and tasks. What cells share is worked out once: ten thousand are planned in under a second."""

    def __init__(self, registry: Registry, budget: Budget, describe: Describe, test_seed: int = 0) -> None:
        self.registry, self.budget, self.describe, self.test_seed = registry, budget, describe, test_seed
        self.plan = Plan()
        self.no_blur: Blur = registry.identity_blur()
        self.budget_key = budget.key()
        self.of_fits = replace(budget, name="", test_images=None, minutes_per_job=Budget("").minutes_per_job)
        self.config = cache(partial(config, registry))
        """A plugin as JSON."""
        self.label = cache(partial(label, registry))
        """The shortest expression that gives a plugin."""
        self.named = cache(self._named)
        """What a record says of an axis value."""

    def check_count(self, suite: str, cells: int) -> None:
        """Raises UsageError for more cells than a plan may have."""
        if cells > MOST_CELLS:
            raise UsageError(
                f"suite {suite}: {cells:,} cells; the most that are planned at once are {MOST_CELLS:,}: choose some of "
                "them, by --test-blur say, or make several suites of it"
            )

    # --- plugins as JSON -------------------------------------------------------------------------------------------

    def _named(self, plugin: Plugin) -> dict[str, Any]:
        return {"name": self.registry.name_of(plugin), "label": self.label(plugin), "config": self.config(plugin)}

    def identity(
        self, measure: str, plugins: Mapping[str, Plugin], seed: int, settings: Mapping[str, Any]
    ) -> dict[str, Any]:
        """What a record says of its cell, measured or not."""
        return {
            "measure": measure,
            "axes": {axis: self.named(plugin) for axis, plugin in plugins.items()},
            "budget": self.budget_key,
            "seed": seed,
            "test_seed": self.test_seed,
            "settings": dict(settings),
        }

    # --- tasks -----------------------------------------------------------------------------------------------------

    def add(self, task: T) -> T:
        """An equal task is the same task."""
        known = self.plan.tasks.setdefault(task.key, task)
        assert isinstance(known, type(task))
        return known

    def _keyed(self, fit: F) -> F:
        """A fit under the key of its content, added to the plan."""
        return self.add(replace(fit, key=digest(fit.config(self.config))))

    def predictor(
        self,
        dataset: Dataset,
        train_blur: Blur,
        classifier: Classifier,
        strategy: Strategy,
        seed: int,
        title: str = "",
    ) -> FitPredictor:
        """The fit of a predictor, and all that it needs. Raises Skip where it cannot be had."""
        data = self.describe(dataset)
        if not strategy.uses_train_blur():
            train_blur = self.no_blur
        if train_blur.photographed:
            raise Skip(f"nothing can be fitted to {self.label(train_blur)}: its pictures are for testing alone")
        setting = Setting(dataset, train_blur, classifier, strategy, data.shape, data.classes, self.budget, seed)
        if reason := strategy.skip(setting):
            raise Skip(reason)
        before = {name: self.need(setting, need) for name, need in strategy.needs(setting).items()}
        name = self.registry.name_of
        shown = title or f"{name(dataset)}: {self.label(strategy)} of {name(classifier)}"
        setting = replace(setting, budget=self.of_fits)
        return self._keyed(FitPredictor("", shown, dataset, data, self.of_fits, seed, setting, before))

    def photographs(self, dataset: Dataset, data: Data) -> tuple[Dataset, Data]:
        """The really blurred pictures of a data set. Raises Skip where it has none."""
        if (photographs := dataset.photographed()) is None:
            raise Skip(
                f"{self.registry.name_of(dataset)} has no pictures that were photographed blurred: use a data set such "
                "as sharp-and-blurred"
            )
        about = self.describe(photographs)
        if (about.shape, about.classes) != (data.shape, data.classes):
            sizes = (f"{one.shape} in {one.classes} classes" for one in (about, data))
            raise Skip(
                f"{self.registry.name_of(dataset)}: its blurred and its sharp pictures are {' and '.join(sizes)}"
            )
        return photographs, about

    def need(self, setting: Setting, need: Need) -> Fit:
        """The fit that meets a need."""
        if isinstance(need, PredictorNeed):
            return self.predictor(
                need.dataset or setting.dataset,
                need.train_blur or setting.train_blur,
                need.classifier or setting.classifier,
                need.strategy,
                setting.seed if need.seed is None else need.seed,
            )
        if isinstance(need, EstimatorNeed):
            dataset = need.dataset or setting.dataset
            self._check_unrelated("an estimator", dataset, setting.dataset)
            return self.estimator(need.estimator, dataset, "picture", setting.seed)
        return self.restorer(setting, need.restorer, need.dataset, need.train_blur)

    def restorer(self, setting: Setting, restorer: AnyRestorer, dataset: Dataset, train_blur: Blur) -> FitRestorer:
        """The fit of a restorer for a predictor of `setting`. Raises Skip where it may have seen its test images."""
        self._check_unrelated("a restorer", dataset, setting.dataset)
        data = self.describe(dataset)
        name = self.registry.name_of
        if data.shape.channels != setting.shape.channels:
            raise Skip(
                f"a restorer fitted on {name(dataset)} ({data.shape.channels} channels) cannot "
                f"restore {name(setting.dataset)} ({setting.shape.channels})"
            )
        assert isinstance(restorer, Restorer)
        title = f"{name(dataset)}: {self.label(restorer)}"
        return self._keyed(
            FitRestorer("", title, dataset, data, self.of_fits, setting.seed, restorer.fitted_as(), train_blur)
        )

    def _check_unrelated(self, what: str, fitted_on: Dataset, tested_on: Dataset) -> None:
        related = fitted_on.lineage & tested_on.lineage
        if related and fitted_on != tested_on:
            raise Skip(
                f"{what} fitted on {self.registry.name_of(fitted_on)} may have seen test images of "
                f"{self.registry.name_of(tested_on)} (both hold {', '.join(sorted(related))})"
            )

    def estimator(self, estimator: Estimator, dataset: Dataset, split: SplitBy, seed: int) -> FitEstimator:
        """The fit of an estimator."""
        fitted_as = estimator.fitted_as()
        title = f"{self.label(dataset)}: {self.label(fitted_as)}, split by {split}"
        data = self.describe(dataset)
        return self._keyed(FitEstimator("", title, dataset, data, self.of_fits, seed, fitted_as, split))

    # --- what cannot be had ----------------------------------------------------------------------------------------

    def attempt(self, make: Callable[[], P], dataset: AxisValue) -> tuple[P | None, str]:
        """What is planned, or the reason why it cannot be had: one plugin's failure is its own, the rest of the plan
        goes on."""
        try:
            return make(), ""
        except BlurbenchError as error:
            return None, str(error)
        except Exception as error:
            if is_disk_full(error):
                raise DiskFull(f"no room for the images of {dataset.label}, is the disk full? {error}") from None
            return None, f"it cannot be planned: {type(error).__name__}: {error}"

    def skipped(
        self, measure: str, labels: Mapping[str, str], plugins: Mapping[str, Plugin], seed: int, settings: Any, why: str
    ) -> Cell:
        """A cell that cannot be had."""
        identity = self.identity(measure, plugins, seed, settings)
        return Cell(digest({"skipped": identity}), measure, labels, seed, plugins, identity, why)
