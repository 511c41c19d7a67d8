"""What there is to do, as objects: fit something, evaluate a cell, time a pipeline.

A task holds plugins and the tasks that it builds on. Its key is the digest of everything that can change its result;
JSON is made for keys, artifacts and records alone. A worker calls `run`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Protocol

from blurbench.contract import (
    Blur,
    Budget,
    Dataset,
    Degraded,
    Estimator,
    EstimatorJob,
    FitJob,
    Fitted,
    ImageSet,
    Plugin,
    Restorer,
    RestorerJob,
    Setting,
)
from blurbench.matrix.cell import Cell, Data
from blurbench.matrix.suite import SplitBy

if TYPE_CHECKING:
    from torch import nn

__all__ = [
    "Evaluate",
    "Fit",
    "FitEstimator",
    "FitPredictor",
    "FitRestorer",
    "Given",
    "Runtime",
    "Task",
    "TimePipeline",
]

Configure = Callable[[Plugin], Mapping[str, Any]]
"""A plugin as JSON: its name, revision and every parameter."""

TrainingBlur = Callable[[ImageSet, int], Degraded]

REVISIONS = {"draws": 1, "convolution": 1, "training": 2, "evaluation": 1}
"""Parts of the framework that can change results. Raise one by hand when its golden test has to change."""


class Runtime(Protocol):
    """What carries tasks out: a worker's context."""

    def ensure(self, task: Fit, force: bool = False) -> None:
        """Have the artifact of a fit in the store."""

    def evaluate(self, task: Evaluate, force: bool) -> str:
        """Measure a cell and store its record; its result in a few words."""

    def time(self, task: TimePipeline, force: bool) -> None:
        """Time a pipeline and store what came of it."""


class Results(Protocol):
    """What is stored."""

    def artifact(self, key: str) -> Mapping[str, Any] | None: ...

    def is_measured(self, key: str, identity: Mapping[str, Any]) -> bool: ...

    def has_timing(self, key: str) -> bool: ...


@dataclass(frozen=True, eq=False)
class Task(ABC):
    """One thing to do."""

    urgency: ClassVar[int]
    """Of the tasks that are ready, those of the lowest number start first."""
    wants_quiet: ClassVar[bool] = False
    """Whether it waits until nothing else is left."""
    usual_seconds: ClassVar[float]
    """Until the first task like it has ended, for forecasts of the time left."""

    key: str
    title: str

    @property
    def needs(self) -> tuple[Fit, ...]:
        """What must be fitted before."""
        return ()

    @property
    def cell(self) -> Cell | None:
        """The cell that it measures, if it measures one."""
        return None

    @property
    @abstractmethod
    def alike(self) -> tuple[Any, ...]:
        """Equal for tasks that do the same with other numbers: another seed, another blur."""

    @property
    def shares(self) -> tuple[Any, ...]:
        """Equal for tasks that use what a worker keeps in memory after one of them; () for nothing."""
        return ()

    @abstractmethod
    def run(self, runtime: Runtime, force: bool) -> str:
        """Do it; with `force` even if its result is stored. Returns a few words on what came of it, or none."""

    @abstractmethod
    def is_stored(self, store: Results) -> bool:
        """Whether its result is in the store and sound."""


# --- fits ----------------------------------------------------------------------------------------------------------


class Given(NamedTuple):
    """What a fit is given."""

    train: ImageSet
    validation: ImageSet
    blur: TrainingBlur | None
    inputs: Mapping[str, Fitted]


@dataclass(frozen=True, eq=False)
class Fit(Task):
    """Fitting something, once, into an artifact."""

    kind: ClassVar[str]
    phase: ClassVar[str]
    """Under what name its seconds are booked."""

    dataset: Dataset
    data: Data
    budget: Budget
    """Without a name: it has no part in the key."""
    seed: int

    @property
    @abstractmethod
    def plugin(self) -> Plugin:
        """What is fitted, the data and the training blur aside."""

    @property
    def who(self) -> str:
        """The plugin that is called, for errors."""
        return f"{self.kind} {type(self.plugin).__name__}"

    @property
    def alike(self) -> tuple[Any, ...]:
        return (self.kind, self.plugin, self.data.key)

    @property
    def inputs(self) -> Mapping[str, Fit]:
        """The fits that it builds on, by the names under which the plugin finds them."""
        return {}

    @property
    def needs(self) -> tuple[Fit, ...]:
        return tuple(self.inputs.values())

    @property
    def trains_on_test_pictures(self) -> bool:
        """True for the leaky split of Patro 2017 alone, whose rows say so."""
        return False

    @property
    def training_blur(self) -> Blur | None:
        """The blur that `fit` is handed."""
        return None

    def blurs_met(self) -> tuple[Blur, ...]:
        """The blurs that it was fitted to."""
        return () if self.training_blur is None else (self.training_blur,)

    @abstractmethod
    def build(self) -> nn.Module | None:
        """The unfitted network."""

    @abstractmethod
    def fit(self, module: nn.Module | None, given: Given) -> Mapping[str, Any]:
        """Have the plugin fit `module` in place; its notes."""

    def config(self, configure: Configure) -> dict[str, Any]:
        """All that its result depends on, as JSON: the content of its key."""
        return {
            "kind": self.kind,
            "dataset": configure(self.dataset),
            "data": self.data.fingerprint,
            "budget": {name: value for name, value in self.budget.key().items() if name != "test_images"},
            "seed": self.seed,
            "inputs": {name: needed.key for name, needed in self.inputs.items()},
            "revisions": REVISIONS,
        }

    def run(self, runtime: Runtime, force: bool) -> str:
        runtime.ensure(self, force)
        return ""

    def is_stored(self, store: Results) -> bool:
        return store.artifact(self.key) is not None

    def with_all_before(self) -> Iterator[Fit]:
        """This fit and all that it builds on."""
        yield self
        for needed in self.inputs.values():
            yield from needed.with_all_before()


@dataclass(frozen=True, eq=False)
class FitRestorer(Fit):
    """Fitting a restorer to a training blur."""

    kind = "restorer"
    phase = "restorer fitting"
    urgency = 2
    usual_seconds = 12.0

    restorer: Restorer
    train_blur: Blur

    @property
    def plugin(self) -> Restorer:
        return self.restorer

    @property
    def training_blur(self) -> Blur:
        return self.train_blur

    def build(self) -> nn.Module | None:
        return self.restorer.build(self.data.shape)

    def fit(self, module: nn.Module | None, given: Given) -> Mapping[str, Any]:
        if module is None:
            return {}
        assert given.blur is not None
        job = RestorerJob(given.train, given.validation, given.blur, self.budget, self.seed)
        return self.restorer.fit(module, job)

    def config(self, configure: Configure) -> dict[str, Any]:
        own = {"restorer": configure(self.restorer), "train_blur": configure(self.train_blur)}
        return {**super().config(configure), **own}


@dataclass(frozen=True, eq=False)
class FitPredictor(Fit):
    """Having a strategy fit a predictor."""

    kind = "predictor"
    phase = "classifier fitting"
    urgency = 1
    usual_seconds = 6.0

    setting: Setting
    before: Mapping[str, Fit] = field(default_factory=dict)

    @property
    def plugin(self) -> Plugin:
        return self.setting.strategy

    @property
    def who(self) -> str:
        strategy, classifier = type(self.setting.strategy).__name__, type(self.setting.classifier).__name__
        return f"strategy {strategy} with classifier {classifier}"

    @property
    def inputs(self) -> Mapping[str, Fit]:
        return self.before

    @property
    def training_blur(self) -> Blur:
        return self.setting.train_blur

    @property
    def alike(self) -> tuple[Any, ...]:
        return (self.kind, self.setting.strategy, self.setting.classifier, self.data.key)

    def blurs_met(self) -> tuple[Blur, ...]:
        return self.setting.strategy.blurs_met(self.setting)

    def build(self) -> nn.Module | None:
        return self.setting.strategy.build(self.setting)

    def fit(self, module: nn.Module | None, given: Given) -> Mapping[str, Any]:
        assert given.blur is not None
        job = FitJob(self.setting, given.train, given.validation, given.blur, given.inputs)
        return self.setting.strategy.fit(module, job)

    def config(self, configure: Configure) -> dict[str, Any]:
        setting = self.setting
        own = {
            "classifier": configure(setting.classifier),
            "strategy": configure(setting.strategy),
            "train_blur": configure(setting.train_blur),
        }
        return {**super().config(configure), **own}


@dataclass(frozen=True, eq=False)
class FitEstimator(Fit):
    """Fitting an estimator to pictures that it blurs itself."""

    kind = "estimator"
    phase = "estimator fitting"
    urgency = 3
    usual_seconds = 120.0

    estimator: Estimator
    split: SplitBy = "picture"

    @property
    def plugin(self) -> Estimator:
        return self.estimator

    @property
    def trains_on_test_pictures(self) -> bool:
        return self.split == "patch"

    def build(self) -> nn.Module | None:
        return self.estimator.build()

    def fit(self, module: nn.Module | None, given: Given) -> Mapping[str, Any]:
        assert module is not None
        others = None if self.trains_on_test_pictures else given.validation
        return self.estimator.fit(module, EstimatorJob(given.train, others, self.budget, self.seed))

    def config(self, configure: Configure) -> dict[str, Any]:
        revisions = {name: REVISIONS[name] for name in ("draws", "convolution", "training")}
        own = {"estimator": configure(self.estimator), "split": self.split, "revisions": revisions}
        return {**super().config(configure), **own}


# --- measuring -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Evaluate(Task):
    """Measuring one cell."""

    urgency = 0
    usual_seconds = 1.0

    measured: Cell
    data: Data
    """Of the data set that it is tested on."""
    fit: Fit | None
    """What is measured, where it had to be fitted."""
    test_images: int | None
    test_seed: int
    settings: Mapping[str, Any]
    """What else the suite asks for, and the key depends on."""
    facts: Mapping[str, Any]
    """What the plugins say of the cell, as JSON."""
    timing: str = ""
    """The key of the pipeline's timing."""
    photographs: Dataset | None = None
    """Whose test images it is tested on, where these are not those of the cell's data set."""

    @property
    def dataset(self) -> Dataset:
        """Whose test images it is tested on."""
        own = self.photographs or self.measured.plugins["dataset"]
        assert isinstance(own, Dataset)
        return own

    @property
    def needs(self) -> tuple[Fit, ...]:
        return () if self.fit is None else (self.fit,)

    @property
    def cell(self) -> Cell:
        return self.measured

    @property
    def alike(self) -> tuple[Any, ...]:
        made_of = self.fit.alike if self.fit else (self.measured.plugins.get("estimator"), self.data.key)
        return ("evaluate", *made_of)

    @property
    def shares(self) -> tuple[Any, ...]:
        return (self.data.key, self.test_images, self.measured.plugins.get("test_blur"), self.test_seed)

    @property
    def record_fields(self) -> dict[str, Any]:
        """What its record says beside what was measured."""
        identity = dict(self.measured.identity)
        return {**identity, "facts": dict(self.facts), "data_fingerprint": self.data.fingerprint}

    def run(self, runtime: Runtime, force: bool) -> str:
        return runtime.evaluate(self, force)

    def is_stored(self, store: Results) -> bool:
        return store.is_measured(self.key, self.measured.identity)


@dataclass(frozen=True, eq=False)
class TimePipeline(Task):
    """Measuring the milliseconds an image of a pipeline that several predictors share."""

    urgency = 4
    wants_quiet = True
    usual_seconds = 1.0

    what: str
    is_oracle: bool
    """Whether it is given the true PSF."""
    candidates: list[FitPredictor] = field(default_factory=list)
    """Any of them will do. They are no needs: whichever could be fitted is timed, when all else is done."""

    @property
    def alike(self) -> tuple[Any, ...]:
        return ("timing", self.what)

    def run(self, runtime: Runtime, force: bool) -> str:
        runtime.time(self, force)
        return ""

    def is_stored(self, store: Results) -> bool:
        return store.has_timing(self.key)
