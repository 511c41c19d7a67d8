"""Suites of estimators: which of them read which blur off which pictures, having been fitted on what.

kind = "estimation"
name = "kernel-estimation"
version = 1
title = "..."
estimators = ["constant", "cnn-30"]
fitted_on = ["brodatz-pictures"]     # for those that are fitted
splits = ["picture", "patch"]        # picture: other pictures than the test's; patch: all, a part of their patches
tested_on = ["brodatz-pictures"]
blurs = ["ramp"]
stride = 4                           # pixels between readings; a whole window where sigma does not vary
smoothing = 31                       # pixels that the moving average spans
[labels]
[budgets.quick]                      # fields of `types.Budget`; axes given here replace those above
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, astuple, dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from blurbench.contract import Budget, Dataset, Estimator, Plugin
from blurbench.errors import BlurbenchError, Skip, UnknownName
from blurbench.registry import Registry, expand, label, spec
from blurbench.suites.axes import Choices, Named, check_labels, named_values
from blurbench.suites.keys import digest
from blurbench.suites.plan import REVISIONS, Data, Task
from blurbench.suites.suite import Axis, Request, budget_of, validated

__all__ = [
    "EstimationCell",
    "EstimationPlan",
    "EstimationSuite",
    "find_estimation",
    "load_estimation",
    "named_on",
    "plan_estimation",
]

Split = Literal["picture", "patch"]

FRAMEWORK = {name: REVISIONS[name] for name in ("draws", "convolution", "training")}
"""Parts of the framework that can change what is measured here."""

REPLACED = ("estimators", "fitted_on", "splits", "tested_on", "blurs", "labels", "stride", "smoothing")
"""What a budget may replace."""


class EstimationSuite(BaseModel):
    """A suite of estimators under one budget, as the file states it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["estimation"]
    name: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    version: int = Field(ge=1)
    title: str = Field(max_length=400)
    estimators: Axis
    fitted_on: Axis
    splits: Annotated[list[Split], Field(min_length=1)] = ["picture"]
    tested_on: Axis
    blurs: Axis
    stride: Annotated[int, Field(ge=1, le=64)] = 4
    smoothing: Annotated[int, Field(ge=1, le=999)] = 31
    test_seed: int = 0
    labels: dict[str, Request] = {}
    budgets: dict[str, dict[str, Any]]

    def under(self, budget: str) -> EstimationSuite:
        """The suite with what `budget` replaces."""
        changes = {key: value for key, value in self._budget(budget).items() if key in REPLACED}
        labels = {**self.labels, **changes.pop("labels", {})}
        content = {**self.model_dump(), **changes, "labels": labels}
        return validated(EstimationSuite, content, f"suite {self.name}: budgets.{budget}")

    def budget(self, name: str) -> Budget:
        """The budget of that name."""
        values = {key: value for key, value in self._budget(name).items() if key not in REPLACED}
        return budget_of(name, values, f"suite {self.name}: budgets.{name}")

    def _budget(self, name: str) -> dict[str, Any]:
        if name not in self.budgets:
            raise UnknownName(f"budget of suite {self.name}:", name, self.budgets)
        return self.budgets[name]


def find_estimation(registry: Registry, name: str) -> EstimationSuite | None:
    """The suite of that name or in that file, or None where it is no suite of estimators."""
    if name.endswith(".toml") or "/" in name:
        path = Path(name)
    else:
        entry = registry.entries["suites"].get(name)
        if entry is None or not isinstance(entry.target, Path):
            return None
        path = entry.target
    return load_estimation(path)


def load_estimation(path: Path) -> EstimationSuite | None:
    """The suite in a file, or None where it is no suite of estimators."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return None  # `suite.find` says what is wrong with it
    if content.get("kind") != "estimation":
        return None
    suite = validated(EstimationSuite, content, f"suite file {path.name}")
    for budget in suite.budgets:
        suite.under(budget)
        suite.budget(budget)
    return suite


# --- the plan ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class EstimationCell:
    """A cell's place on the board, and its task's key. `skip` says why it cannot be had; it has no task then."""

    key: str
    estimator: str
    fitted_on: str
    split: str
    tested_on: str
    blur: str
    seed: int
    parts: Mapping[str, Any]
    skip: str = ""


@dataclass
class EstimationPlan:
    """All cells, and the tasks that lead to them."""

    cells: list[EstimationCell] = field(default_factory=list)
    tasks: dict[str, Task] = field(default_factory=dict)


def plan_estimation(
    registry: Registry,
    suite: EstimationSuite,
    budget: Budget,
    seeds: Iterable[int],
    describe: Callable[[Dataset], Data],
    only: Mapping[str, Iterable[str]] | None = None,
) -> EstimationPlan:
    """Multiply the axes out. `only` keeps values of "estimator", "dataset" or "test_blur" by label or plugin name; an
    estimator that the suite does not have is measured as it measures its own."""
    return _Planner(registry, suite, budget, describe, only or {}).plan(tuple(seeds))


def named_on(registry: Registry, suite: EstimationSuite, kind: str, requests: Iterable[Request]) -> list[Named]:
    """The plugins of one axis, as the suite calls them."""
    return [named for request in requests for named in named_values(registry, suite.labels, kind, request)]


class _Planner:
    def __init__(
        self,
        registry: Registry,
        suite: EstimationSuite,
        budget: Budget,
        describe: Callable[[Dataset], Data],
        only: Mapping[str, Iterable[str]],
    ) -> None:
        self.registry, self.suite, self.budget, self.describe = registry, suite, budget, describe
        self.keep = Choices(registry, {axis: set(values) for axis, values in only.items() if values})
        self.result = EstimationPlan()
        self.fit_budget = {name: value for name, value in budget.key().items() if name != "test_images"}

    def plan(self, seeds: tuple[int, ...]) -> EstimationPlan:
        estimators = self.estimators()
        tested_on = self.axis("datasets", self.suite.tested_on, "dataset")
        blurs = self.axis("blurs", self.suite.blurs, "test_blur")
        self.keep.check()
        for dataset in tested_on:
            for blur in blurs:
                for estimator in estimators:
                    for fitted_on, split in self.fits(estimator.plugin):
                        for seed in seeds if fitted_on else seeds[:1]:
                            self.add(estimator, fitted_on, split, dataset, blur, seed)
        return self.result

    def axis(self, kind: str, requests: Iterable[Request], name: str) -> tuple[Named, ...]:
        values = named_on(self.registry, self.suite, kind, requests)
        check_labels(self.suite.name, name, values)
        return self.keep(name, kind, values)

    def estimators(self) -> tuple[Named, ...]:
        """Those of the suite, or the chosen ones, of which some may be somebody's own."""
        values = named_on(self.registry, self.suite, "estimators", self.suite.estimators)
        kept = self.keep("estimator", "estimators", values)
        own = [named for choice in self.keep.unmatched("estimator") for named in self.own(choice)]
        check_labels(self.suite.name, "estimator", [*values, *own])
        return (*kept, *own)

    def own(self, choice: str) -> Iterator[Named]:
        installed = self.registry.entries["estimators"]
        if not any(table["name"] in installed for table in expand(choice)):
            raise UnknownName("estimator:", choice, {*installed, *self.suite.labels})
        self.keep.matched["estimator"].add(choice)
        yield from named_values(self.registry, {}, "estimators", choice)

    def fits(self, estimator: Estimator) -> Iterator[tuple[Named | None, Split | None]]:
        if not estimator.trainable:
            yield None, None
            return
        for named in named_on(self.registry, self.suite, "datasets", self.suite.fitted_on):
            for split in self.suite.splits:
                yield named, split

    def add(
        self, estimator: Named, fitted_on: Named | None, split: Split | None, dataset: Named, blur: Named, seed: int
    ) -> None:
        parts = {
            "estimator": self.part(estimator.plugin),
            "fitted_on": self.part(fitted_on.plugin) if fitted_on else None,
            "split": split,
            "tested_on": self.part(dataset.plugin),
            "blur": self.part(blur.plugin),
            "budget": self.budget.key(),
            "seed": seed,
        }
        reason = ""
        try:
            fit = self.fit(estimator.plugin, fitted_on.plugin, split, dataset.plugin, seed) if fitted_on else None
            key = self.cell(estimator, fit, dataset, blur, seed, parts)
        except BlurbenchError as error:
            key, reason = digest({"skipped": parts}), str(error)
        except Exception as error:  # a plugin's own: the rest of the plan goes on
            reason = f"it cannot be planned: {type(error).__name__}: {error}"
            key = digest({"skipped": parts})
        shown = fitted_on.label if fitted_on else ""
        self.result.cells.append(
            EstimationCell(key, estimator.label, shown, split or "", dataset.label, blur.label, seed, parts, reason)
        )

    def part(self, plugin: Plugin) -> dict[str, Any]:
        return {
            "name": self.registry.name_of(plugin),
            "label": label(self.registry, plugin),
            "spec": spec(self.registry, plugin),
        }

    def fit(self, estimator: Estimator, fitted_on: Dataset, split: Split | None, tested_on: Dataset, seed: int) -> Task:
        """The artifact of a fit; equal jobs are the same task."""
        names = [self.registry.name_of(dataset) for dataset in (fitted_on, tested_on)]
        if split == "picture" and names[0] != names[1] and fitted_on.lineage & tested_on.lineage:
            raise Skip(f"what was fitted on {names[0]} may have seen test pictures of {names[1]}")
        data = self.describe(fitted_on)
        job = {
            "kind": "estimator",
            "estimator": spec(self.registry, estimator.fitted_as()),
            "split": split,
            "dataset": spec(self.registry, fitted_on),
            "data": {**asdict(data), "shape": astuple(data.shape)},
            "budget": self.fit_budget,
            "seed": seed,
            "inputs": {},
            "revisions": FRAMEWORK,
        }
        key = digest({**job, "data": data.fingerprint})
        title = f"{label(self.registry, fitted_on)}: {label(self.registry, estimator.fitted_as())}, split by {split}"
        return self.result.tasks.setdefault(key, Task(key, "estimator", title, job))

    def cell(
        self, estimator: Named, fit: Task | None, dataset: Named, blur: Named, seed: int, parts: Mapping[str, Any]
    ) -> str:
        data = self.describe(dataset.plugin)
        content = {
            "estimator": spec(self.registry, estimator.plugin),
            "fit": fit.key if fit else None,
            "tested_on": data.fingerprint,
            "blur": spec(self.registry, blur.plugin),
            "test_seed": self.suite.test_seed,
            "test_images": self.budget.test_images,
            "stride": self.suite.stride,
            "smoothing": self.suite.smoothing,
            "revisions": {**FRAMEWORK, "estimation": 1},
        }
        key = digest(content)
        job = {
            "kind": "estimation",
            "estimator": content["estimator"],
            "fit": {**fit.job, "key": fit.key} if fit else None,
            "data": {**asdict(data), "shape": astuple(data.shape)},
            "blur": content["blur"],
            **{name: content[name] for name in ("test_seed", "test_images", "stride", "smoothing")},
            "record": {
                **parts,
                "data_fingerprint": data.fingerprint,
                "sampling": {name: content[name] for name in ("stride", "smoothing", "test_seed")},
            },
        }
        title = f"{estimator.label} on {dataset.label} under {blur.label}"
        self.result.tasks.setdefault(key, Task(key, "estimation", title, job, (fit.key,) if fit else ()))
        return key
