"""The matrix multiplied out: which artifacts must be fitted, which cells measured, in what order, under what keys.

A key is the digest of everything that can change the result: the plugins with their parameters and revisions, the
decoded data, the budget, the seed, the keys of the inputs. What cannot change it (labels, suite name, device, batch
size, package versions) is left out, so that suites share artifacts and cells.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, astuple, dataclass, field
from typing import Any, Literal, TypeAlias

from blurbench.contract import (
    Blur,
    Budget,
    Classifier,
    Dataset,
    Need,
    Plugin,
    PredictorNeed,
    Restorer,
    Setting,
    Shape,
    Strategy,
)
from blurbench.errors import BlurbenchError, Skip, UsageError
from blurbench.registry import Registry, label, spec
from blurbench.suites.axes import AXES, Axes, Named, Product
from blurbench.suites.exposure import Exposure, exposure
from blurbench.suites.keys import digest
from blurbench.suites.suite import Suite

__all__ = ["REVISIONS", "Cell", "Data", "Kind", "Plan", "Task", "built_on", "make_plan"]

DISK_FULL = (errno.ENOSPC, errno.EDQUOT)

REVISIONS = {"draws": 1, "convolution": 1, "training": 2, "evaluation": 1}
"""Parts of the framework that can change results. Raise one by hand when its golden test has to change."""

Kind: TypeAlias = Literal["restorer", "predictor", "estimator", "cell", "estimation", "timing"]


@dataclass(frozen=True)
class Data:
    """What planning needs to know of a data set: `key` finds the decoded arrays, `fingerprint` is their hash."""

    key: str
    fingerprint: str
    shape: Shape
    classes: int
    train: int
    """Number of training images."""


@dataclass(frozen=True)
class Task:
    """One thing to do. `job` is plain JSON, all that a worker needs; `needs` are the keys of tasks to do before."""

    key: str
    kind: Kind
    title: str
    job: Mapping[str, Any]
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Cell:
    """A cell's place on the board, and its task's key. `skip` says why it cannot be had; it has no task then."""

    key: str
    dataset: str
    classifier: str
    strategy: str
    train_blur: str
    test_blur: str
    seed: int
    parts: Mapping[str, Any]
    """What the record says of it whether it succeeds or not: the five axis values and the budget."""
    skip: str = ""


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
                waiting.extend(self.tasks[key].needs)
        return {key: task for key, task in self.tasks.items() if key in wanted}


def make_plan(
    registry: Registry,
    suite: Suite,
    axes: Axes,
    budget: Budget,
    seeds: Iterable[int],
    describe: Callable[[Dataset], Data],
    machine: Mapping[str, Any],
) -> Plan:
    """Multiply the axes out. `describe` decodes a data set (or remembers it) and may raise `Unavailable`.

    `machine` names the device, threads and processor that timings hold for.
    """
    return _Planner(registry, suite, axes, budget, describe, machine).plan(tuple(seeds))


class _Planner:
    def __init__(
        self,
        registry: Registry,
        suite: Suite,
        axes: Axes,
        budget: Budget,
        describe: Callable[[Dataset], Data],
        machine: Mapping[str, Any],
    ) -> None:
        self.registry, self.suite, self.axes, self.budget = registry, suite, axes, budget
        self.describe, self.machine = describe, machine
        self.result = Plan()
        self.specs: dict[Plugin, dict[str, Any]] = {}
        # What cells share is worked out once: ten thousand of them are planned in under a second.
        self.labels: dict[Plugin, str] = {}
        self.named: dict[Plugin, dict[str, Any]] = {}
        self.exposures: dict[tuple[Blur, tuple[Blur, ...]], Exposure] = {}
        self.timings: dict[str, Task] = {}
        self.blurs_met: dict[str, tuple[Blur, ...]] = {}
        self.rows: set[tuple[str, int]] = set()
        self.none: Blur = registry.resolve("blurs", "none")
        self.analyses = {"analyses": sorted(suite.analyses)} if suite.analyses else {}
        self.budget_key = budget.key()
        self.fit_budget = {name: value for name, value in self.budget_key.items() if name != "test_images"}

    def plan(self, seeds: tuple[int, ...]) -> Plan:
        for dataset in self.axes.datasets:
            for part in self.axes.matrix:
                for classifier in part.classifiers if dataset.label in part.datasets else ():
                    for strategy in part.strategies:
                        for train_blur in self.train_blurs(strategy.plugin, part):
                            for seed in seeds:
                                self.add_row(dataset, classifier, strategy, train_blur, seed)
        # Timings last: they want a quiet machine.
        timings = {key: task for key, task in self.result.tasks.items() if task.kind == "timing"}
        others = {key: task for key, task in self.result.tasks.items() if task.kind != "timing"}
        self.result.tasks = {**others, **timings}
        return self.result

    def train_blurs(self, strategy: Strategy, part: Product) -> tuple[Named, ...]:
        """One stand-in where the strategy never looks at the training blur."""
        if not strategy.uses_train_blur():
            return (Named("", self.none, "none"),)
        return tuple(blur for blur in self.axes.train_blurs if blur.label in part.train_blurs)

    def test_blurs(self, train_blur: Named) -> tuple[Named, ...]:
        """All, or where the suite pairs them and there is a training blur, that one and `none`."""
        if self.suite.tested_on is None or not train_blur.label:
            return self.axes.test_blurs
        return tuple(blur for blur in self.axes.test_blurs if blur.label in ("none", train_blur.label))

    def add_row(self, dataset: Named, classifier: Named, strategy: Named, train_blur: Named, seed: int) -> None:
        """The cells of one predictor."""
        fitted_to = f" on {train_blur.label}" if train_blur.label else ""
        title = f"{dataset.label}: {strategy.label}{fitted_to} ({classifier.label})"
        if (title, seed) in self.rows:  # two products of the matrix may share a row, such as the baseline's
            return
        self.rows.add((title, seed))
        try:
            task, setting = self.predictor(
                dataset.plugin, train_blur.plugin, classifier.plugin, strategy.plugin, seed, title
            )
            reason = ""
        except BlurbenchError as error:
            task, setting, reason = None, None, str(error)
        except Exception as error:  # a plugin's own: the rest of the plan goes on
            if isinstance(error, OSError) and error.errno in DISK_FULL:
                raise UsageError(f"no room for the images of {dataset.label}, is the disk full? {error}") from None
            task, setting, reason = None, None, f"it cannot be planned: {type(error).__name__}: {error}"
        for test_blur in self.test_blurs(train_blur):
            parts = self.parts(dataset, classifier, strategy, train_blur, test_blur, seed)
            if task is None or setting is None:
                key = digest({"skipped": parts})
            else:
                key = self.add_cell(task, setting, test_blur, parts)
            self.result.cells.append(
                Cell(
                    key,
                    dataset.label,
                    classifier.label,
                    strategy.label,
                    train_blur.label,
                    test_blur.label,
                    seed,
                    parts,
                    reason,
                )
            )

    def parts(
        self, dataset: Named, classifier: Named, strategy: Named, train_blur: Named, test_blur: Named, seed: int
    ) -> dict[str, Any]:
        values = (dataset, classifier, strategy, train_blur, test_blur)
        return {
            **{axis: self.part(value) for axis, value in zip(AXES, values, strict=True)},
            "budget": self.budget_key,
            "seed": seed,
        }

    def part(self, value: Named) -> dict[str, Any]:
        if value.plugin not in self.named:
            spec, label = self.spec(value.plugin), self.label(value.plugin)
            self.named[value.plugin] = {"name": value.name, "label": label, "spec": spec}
        return self.named[value.plugin]

    def label(self, plugin: Plugin) -> str:
        if plugin not in self.labels:
            self.labels[plugin] = label(self.registry, plugin)
        return self.labels[plugin]

    def spec(self, plugin: Plugin) -> dict[str, Any]:
        if plugin not in self.specs:
            self.specs[plugin] = spec(self.registry, plugin)
        return self.specs[plugin]

    # --- artifacts -------------------------------------------------------------------------------------------------

    def predictor(
        self, dataset: Dataset, train_blur: Blur, classifier: Classifier, strategy: Strategy, seed: int, title: str = ""
    ) -> tuple[Task, Setting]:
        data = self.describe(dataset)
        if not strategy.uses_train_blur():
            train_blur = self.none
        setting = Setting(dataset, train_blur, classifier, strategy, data.shape, data.classes, self.budget, seed)
        if reason := strategy.skip(setting):
            raise Skip(reason)
        inputs = {name: self.need(setting, need) for name, need in strategy.needs(setting).items()}
        job = {
            "kind": "predictor",
            "classifier": self.spec(classifier),
            "strategy": self.spec(strategy),
            **self.fit_job(dataset, data, train_blur, seed, inputs),
        }
        shown = (
            title or f"{self.registry.name_of(dataset)}: {self.label(strategy)} of {self.registry.name_of(classifier)}"
        )
        return self.add("predictor", shown, job, inputs.values()), setting

    def need(self, setting: Setting, need: Need) -> Task:
        if isinstance(need, PredictorNeed):
            task, _ = self.predictor(
                setting.dataset,
                need.train_blur or setting.train_blur,
                need.classifier or setting.classifier,
                need.strategy,
                setting.seed if need.seed is None else need.seed,
            )
            return task
        related = need.dataset.lineage & setting.dataset.lineage
        if related and need.dataset != setting.dataset:
            raise Skip(
                f"a restorer fitted on {self.registry.name_of(need.dataset)} may have seen test images of "
                f"{self.registry.name_of(setting.dataset)} (both hold {', '.join(sorted(related))})"
            )
        data = self.describe(need.dataset)
        if data.shape.channels != setting.shape.channels:
            raise Skip(
                f"a restorer fitted on {self.registry.name_of(need.dataset)} ({data.shape.channels} channels) cannot "
                f"restore {self.registry.name_of(setting.dataset)} ({setting.shape.channels})"
            )
        restorer = need.restorer.fitted_as() if isinstance(need.restorer, Restorer) else need.restorer
        job = {
            "kind": "restorer",
            "restorer": self.spec(restorer),
            **self.fit_job(need.dataset, data, need.train_blur, setting.seed, {}),
        }
        title = f"{self.registry.name_of(need.dataset)}: {self.label(need.restorer)}"
        return self.add("restorer", title, job, ())

    def fit_job(
        self, dataset: Dataset, data: Data, train_blur: Blur, seed: int, inputs: Mapping[str, Task]
    ) -> dict[str, Any]:
        return {
            "dataset": self.spec(dataset),
            "data": {**asdict(data), "shape": astuple(data.shape)},
            "train_blur": self.spec(train_blur),
            "budget": self.fit_budget,
            "seed": seed,
            "inputs": {name: {**task.job, "key": task.key} for name, task in inputs.items()},
            "revisions": REVISIONS,
        }

    def add(self, kind: Kind, title: str, job: dict[str, Any], needs: Iterable[Task]) -> Task:
        """Artifacts are shared: an equal job is the same task. Where the arrays lie does not count."""
        content = {
            **job,
            "data": job["data"]["fingerprint"],
            "inputs": {name: value["key"] for name, value in job["inputs"].items()},
        }
        key = digest(content)
        return self.result.tasks.setdefault(key, Task(key, kind, title, job, tuple(task.key for task in needs)))

    # --- cells -----------------------------------------------------------------------------------------------------

    def add_cell(self, predictor: Task, setting: Setting, test_blur: Named, parts: Mapping[str, Any]) -> str:
        timing = self.timing(predictor, setting)
        content = {
            "predictor": predictor.key,
            "test_blur": self.spec(test_blur.plugin),
            "test_seed": self.suite.test_seed,
            "test_images": self.budget.test_images,
            "revisions": REVISIONS,
            **self.analyses,
        }
        key = digest(content)
        if key not in self.result.tasks:
            job = {
                "kind": "cell",
                "predictor": {**predictor.job, "key": predictor.key},
                "test_blur": self.spec(test_blur.plugin),
                "test_seed": self.suite.test_seed,
                "test_images": self.budget.test_images,
                **self.analyses,
                "timing": timing.key,
                "record": {
                    **parts,
                    "knows": setting.strategy.knows(),
                    "requires": list(setting.strategy.requires()),
                    "exposure": self.exposure(test_blur.plugin, self.trained_on(predictor)),
                    "data_fingerprint": predictor.job["data"]["fingerprint"],
                },
            }
            title = f"{predictor.title}, tested on {test_blur.label}"
            self.result.tasks[key] = Task(key, "cell", title, job, (predictor.key,))
        return key

    def exposure(self, test_blur: Blur, trained_on: tuple[Blur, ...]) -> Exposure:
        if (test_blur, trained_on) not in self.exposures:
            self.exposures[test_blur, trained_on] = exposure(test_blur, trained_on)
        return self.exposures[test_blur, trained_on]

    def trained_on(self, predictor: Task) -> tuple[Blur, ...]:
        """The blurs of everything that was fitted for this predictor."""
        if predictor.key not in self.blurs_met:
            jobs = built_on(predictor.job)
            self.blurs_met[predictor.key] = tuple(self.registry.resolve("blurs", job["train_blur"]) for job in jobs)
        return self.blurs_met[predictor.key]

    def timing(self, predictor: Task, setting: Setting) -> Task:
        """Predictors that run the same networks and steps share one timing."""
        if predictor.key in self.timings:
            return self.timings[predictor.key]
        steps = [self.spec(plugin) for plugin in setting.strategy.at_prediction()]
        classifier = self.spec(setting.classifier)
        content = {"shape": str(setting.shape), "classifier": classifier, "steps": steps, "machine": self.machine}
        key = digest({"timing": content})
        shown = [self.label(plugin) for plugin in (setting.classifier, *setting.strategy.at_prediction())]
        what = " + ".join(shown)
        job: dict[str, Any] = {
            "kind": "timing",
            "predictors": [],
            "told": setting.strategy.knows() == "true PSF",
            "what": what,
        }
        task = self.result.tasks.setdefault(key, Task(key, "timing", f"timing {what} at {setting.shape}", job))
        # No need of one predictor: whichever of them could be fitted will do. Timings come when all else is done.
        task.job["predictors"].append({**predictor.job, "key": predictor.key})
        self.timings[predictor.key] = task
        return task


def built_on(job: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """A fitting job and all fitting jobs that it builds on."""
    yield job
    for needed in job["inputs"].values():
        yield from built_on(needed)
