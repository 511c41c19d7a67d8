"""The cells of a suite of classifiers: data sets x classifiers x strategies x training blurs x seeds x test blurs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from blurbench.contract import Blur, Plugin, Strategy
from blurbench.matrix.axes import AccuracyAxes, AxisValue, MatrixBlock, axis_values
from blurbench.matrix.cell import Cell
from blurbench.matrix.exposure import Exposure, exposure
from blurbench.matrix.keys import digest
from blurbench.matrix.plan import Planner
from blurbench.matrix.suite import AccuracySuite
from blurbench.matrix.tasks import REVISIONS, Evaluate, FitPredictor, TimePipeline
from blurbench.registry import Registry, config, label

__all__ = ["AccuracyPlanner", "settings_of"]


class Row(NamedTuple):
    """One predictor to be had, with the labels of its suite."""

    dataset: AxisValue
    classifier: AxisValue
    strategy: AxisValue
    train_blur: AxisValue
    seed: int

    @property
    def title(self) -> str:
        fitted_to = f" on {self.train_blur.label}" if self.train_blur.label else ""
        return f"{self.dataset.label}: {self.strategy.label}{fitted_to} ({self.classifier.label})"


def settings_of(registry: Registry, suite: AccuracySuite) -> dict[str, Any]:
    """What a suite asks for in all of its cells beside their axes, as JSON; metrics in the order of their labels."""
    wanted = (
        value for request in suite.metrics or () for value in axis_values(registry, suite.labels, "metrics", request)
    )
    metrics = {label(registry, value.plugin): value.plugin for value in wanted}
    settings: dict[str, Any] = {"analyses": sorted(suite.analyses)} if suite.analyses else {}
    return settings | ({"metrics": [config(registry, metrics[name]) for name in sorted(metrics)]} if metrics else {})


class AccuracyPlanner:
    """Adds the cells of one suite to a plan."""

    def __init__(self, planner: Planner, suite: AccuracySuite, axes: AccuracyAxes, machine: Mapping[str, Any]) -> None:
        self.planner, self.suite, self.axes, self.machine = planner, suite, axes, machine
        self.settings = settings_of(planner.registry, suite)
        self.exposures: dict[tuple[Blur, tuple[Blur, ...]], Exposure] = {}
        self.timings: dict[str, TimePipeline] = {}
        self.blurs_met: dict[str, tuple[Blur, ...]] = {}

    def add_all(self, seeds: Sequence[int]) -> None:
        """Add every row, then put the timings last: they want a quiet machine."""
        self.planner.check_count(self.suite.name, self.count(len(seeds)))
        for row in dict.fromkeys(self.rows(seeds)):  # two blocks of the matrix may share a row, such as the baseline's
            self.add_row(row)
        tasks = self.planner.plan.tasks
        self.planner.plan.tasks = dict(sorted(tasks.items(), key=lambda item: item[1].wants_quiet))

    def count(self, seeds: int) -> int:
        """Cells, at the most: blocks may share rows."""
        rows = sum(
            sum(dataset.label in block.datasets for dataset in self.axes.datasets)
            * len(block.classifiers)
            * sum(len(self.train_blurs(strategy.plugin, block)) for strategy in block.strategies)
            for block in self.axes.matrix
        )
        return rows * seeds * len(self.axes.test_blurs)

    def rows(self, seeds: Sequence[int]) -> Iterator[Row]:
        """The predictors, in the order of the board."""
        for dataset in self.axes.datasets:
            for block in self.axes.matrix:
                for classifier in block.classifiers if dataset.label in block.datasets else ():
                    for strategy in block.strategies:
                        for train_blur in self.train_blurs(strategy.plugin, block):
                            for seed in seeds:
                                yield Row(dataset, classifier, strategy, train_blur, seed)

    def train_blurs(self, strategy: Strategy, block: MatrixBlock) -> tuple[AxisValue, ...]:
        """One stand-in where the strategy never looks at the training blur."""
        if not strategy.uses_train_blur():
            blur = self.planner.no_blur
            return (AxisValue("", blur, self.planner.registry.name_of(blur)),)
        return tuple(blur for blur in self.axes.train_blurs if blur.label in block.train_blurs)

    def test_blurs(self, train_blur: AxisValue) -> tuple[AxisValue, ...]:
        """All, or where the suite pairs them and there is a training blur, that one and none at all."""
        if self.suite.tested_on is None or not train_blur.label:
            return self.axes.test_blurs
        return tuple(
            blur for blur in self.axes.test_blurs if blur.plugin.is_identity or blur.plugin == train_blur.plugin
        )

    def add_row(self, row: Row) -> None:
        """The cells of one predictor."""
        cells = self.planner.plan.cells
        plugins = (row.dataset.plugin, row.train_blur.plugin, row.classifier.plugin, row.strategy.plugin)
        fit, reason = self.planner.attempt(lambda: self.planner.predictor(*plugins, row.seed, row.title), row.dataset)
        for test_blur in self.test_blurs(row.train_blur):
            labels = {
                "dataset": row.dataset.label,
                "classifier": row.classifier.label,
                "strategy": row.strategy.label,
                "train_blur": row.train_blur.label,
                "test_blur": test_blur.label,
            }
            values: dict[str, Plugin] = {
                "dataset": row.dataset.plugin,
                "classifier": row.classifier.plugin,
                "strategy": row.strategy.plugin,
                "train_blur": row.train_blur.plugin,
                "test_blur": test_blur.plugin,
            }
            cell, why = (
                self.planner.attempt(partial(self.cell, fit, test_blur, labels, values), row.dataset)
                if fit
                else (None, reason)
            )
            skipped = self.planner.skipped
            cells.append(cell or skipped("accuracy", labels, values, row.seed, self.settings, why))

    def cell(
        self, fit: FitPredictor, test_blur: AxisValue, labels: Mapping[str, str], plugins: Mapping[str, Plugin]
    ) -> Cell:
        """A cell and the task that measures it."""
        planner, blur = self.planner, test_blur.plugin
        photographs, data = planner.photographs(fit.dataset, fit.data) if blur.photographed else (None, fit.data)
        timing = self.timing(fit)
        key = digest(
            {
                **({"photographs": data.fingerprint} if photographs else {}),
                "predictor": fit.key,
                "test_blur": planner.config(test_blur.plugin),
                "test_seed": planner.test_seed,
                "test_images": planner.budget.test_images,
                "revisions": REVISIONS,
                **self.settings,
            }
        )
        identity = planner.identity("accuracy", plugins, fit.seed, self.settings)
        cell = Cell(key, "accuracy", labels, fit.seed, plugins, identity)
        if key not in planner.plan.tasks:
            planner.add(
                Evaluate(
                    key,
                    f"{fit.title}, tested on {test_blur.label}",
                    cell,
                    data,
                    fit,
                    planner.budget.test_images,
                    planner.test_seed,
                    self.settings,
                    self.facts(fit, test_blur.plugin),
                    timing.key,
                    photographs,
                )
            )
        return cell

    def facts(self, fit: FitPredictor, test_blur: Blur) -> dict[str, Any]:
        """What the plugins say of a cell."""
        strategy = fit.setting.strategy
        return {
            "knows": strategy.knows(),
            "requires": [*strategy.requires(), *self.files_behind(fit)],
            "exposure": self.exposure(test_blur, self.trained_on(fit)),
        }

    def files_behind(self, fit: FitPredictor) -> list[str]:
        """What plugins from a file, in no package, ask of whoever wants to use them."""
        setting, registry = fit.setting, self.planner.registry
        plugins = (setting.dataset, setting.train_blur, setting.classifier, setting.strategy)
        names = dict.fromkeys(name for plugin in plugins for name in registry.files_behind(plugin))
        return [f"code from a file ({name})" for name in names]

    def exposure(self, test_blur: Blur, trained_on: tuple[Blur, ...]) -> Exposure:
        if (test_blur, trained_on) not in self.exposures:
            self.exposures[test_blur, trained_on] = exposure(test_blur, trained_on)
        return self.exposures[test_blur, trained_on]

    def trained_on(self, fit: FitPredictor) -> tuple[Blur, ...]:
        """The blurs of everything that was fitted for this predictor."""
        if fit.key not in self.blurs_met:
            self.blurs_met[fit.key] = tuple(blur for part in fit.with_all_before() for blur in part.blurs_met())
        return self.blurs_met[fit.key]

    def timing(self, fit: FitPredictor) -> TimePipeline:
        """Predictors that run the same networks and steps share one timing."""
        if fit.key in self.timings:
            return self.timings[fit.key]
        planner, setting = self.planner, fit.setting
        steps = setting.strategy.at_prediction()
        content = {
            "shape": str(setting.shape),
            "classifier": planner.config(setting.classifier),
            "steps": [planner.config(plugin) for plugin in steps],
            "machine": dict(self.machine),
        }
        what = " + ".join(planner.label(plugin) for plugin in (setting.classifier, *steps))
        is_oracle = setting.strategy.knows() == "true PSF"
        key = digest({"timing": content})
        task = planner.add(TimePipeline(key, f"timing {what} at {setting.shape}", what, is_oracle))
        task.candidates.append(fit)
        self.timings[fit.key] = task
        return task
