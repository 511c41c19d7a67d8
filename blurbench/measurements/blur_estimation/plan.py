"""The cells of a suite of estimators: data sets x test blurs x estimators, those that are fitted with each training
set, split and seed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from blurbench.contract import Dataset, Estimator, Plugin
from blurbench.errors import Skip
from blurbench.matrix.axes import AxisValue, EstimationAxes
from blurbench.matrix.cell import Cell
from blurbench.matrix.keys import digest
from blurbench.matrix.plan import Planner
from blurbench.matrix.suite import EstimationSuite, SplitBy
from blurbench.matrix.tasks import REVISIONS, Evaluate, FitEstimator

__all__ = ["EstimationPlanner"]


class Training(NamedTuple):
    """What an estimator is fitted on, and how its pictures are parted from the test's."""

    dataset: AxisValue
    split: SplitBy


class EstimationPlanner:
    """Adds the cells of one suite to a plan."""

    def __init__(self, planner: Planner, suite: EstimationSuite, axes: EstimationAxes) -> None:
        self.planner, self.suite, self.axes = planner, suite, axes

    def add_all(self, seeds: Sequence[int]) -> None:
        """Add every cell. What is not fitted has one seed."""
        trainings = sum(len(list(self.trainings(estimator.plugin))) for estimator in self.axes.estimators)
        places = len(self.axes.datasets) * len(self.axes.test_blurs)
        self.planner.check_count(self.suite.name, trainings * places * len(seeds))
        for dataset in self.axes.datasets:
            for blur in self.axes.test_blurs:
                for estimator in self.axes.estimators:
                    for training in self.trainings(estimator.plugin):
                        for seed in seeds if training else seeds[:1]:
                            self.planner.plan.cells.append(self.cell(estimator, training, dataset, blur, seed))

    def trainings(self, estimator: Estimator) -> Iterator[Training | None]:
        if not estimator.trainable:
            yield None
            return
        for dataset in self.axes.fitted_on:
            for split in self.axes.splits:
                yield Training(dataset, split)

    def cell(
        self, estimator: AxisValue, training: Training | None, dataset: AxisValue, blur: AxisValue, seed: int
    ) -> Cell:
        """A cell and the task that measures it, or the reason why there is none."""
        labels = {
            "dataset": dataset.label,
            "test_blur": blur.label,
            "estimator": estimator.label,
            "fitted_on": training.dataset.label if training else "",
            "split": training.split if training else "",
        }
        plugins: dict[str, Plugin] = {"estimator": estimator.plugin}
        if training:
            plugins["fitted_on"] = training.dataset.plugin
        plugins |= {"dataset": dataset.plugin, "test_blur": blur.plugin}
        cell, why = self.planner.attempt(
            lambda: self.measured(estimator, training, dataset, blur, labels, plugins, seed), dataset
        )
        return cell or self.planner.skipped("blur-estimation", labels, plugins, seed, self.settings(training), why)

    def settings(self, training: Training | None) -> dict[str, Any]:
        split = {"split": training.split} if training else {}
        return {"stride": self.suite.stride, "smoothing": self.suite.smoothing, **split}

    def measured(
        self,
        estimator: AxisValue,
        training: Training | None,
        dataset: AxisValue,
        blur: AxisValue,
        labels: dict[str, str],
        plugins: dict[str, Plugin],
        seed: int,
    ) -> Cell:
        """A cell that can be had; its task goes into the plan."""
        planner = self.planner
        fit = self.fit(estimator.plugin, training, dataset.plugin, seed) if training else None
        data = planner.describe(dataset.plugin)
        content = {
            "estimator": planner.config(estimator.plugin),
            "fit": fit.key if fit else None,
            "tested_on": data.fingerprint,
            "blur": planner.config(blur.plugin),
            "test_seed": planner.test_seed,
            "test_images": planner.budget.test_images,
            "stride": self.suite.stride,
            "smoothing": self.suite.smoothing,
            "revisions": {**{name: REVISIONS[name] for name in ("draws", "convolution", "training")}, "estimation": 1},
        }
        key, settings = digest(content), self.settings(training)
        identity = planner.identity("blur-estimation", plugins, seed, settings)
        cell = Cell(key, "blur-estimation", labels, seed, plugins, identity)
        title = f"{estimator.label} on {dataset.label} under {blur.label}"
        planner.add(Evaluate(key, title, cell, data, fit, planner.budget.test_images, planner.test_seed, settings, {}))
        return cell

    def fit(self, estimator: Estimator, training: Training, tested_on: Dataset, seed: int) -> FitEstimator:
        fitted_on: Dataset = training.dataset.plugin
        name = self.planner.registry.name_of
        related = name(fitted_on) != name(tested_on) and fitted_on.lineage & tested_on.lineage
        if training.split == "picture" and related:
            raise Skip(f"what was fitted on {name(fitted_on)} may have seen test pictures of {name(tested_on)}")
        return self.planner.estimator(estimator, fitted_on, training.split, seed)
