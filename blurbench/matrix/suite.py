"""A suite: the axes of a matrix and its budgets, read from a TOML file and refused in one clear line if wrong.

name = "mnist-family"
version = 1                      # raised with every change: rows of different versions never share a table
title = "..."
measure = "accuracy"             # the default; or "blur-estimation"
datasets = ["mnist-5k", "digits"]
train_blurs = ["gaussian-2"]     # an expression, a table, or one of [labels]; none where nothing is fitted to a blur
test_blurs = ["none", "gaussian-2"]

[labels]                         # short names for the tables
gaussian-2 = "gaussian[sigma=2]"

[[matrix]]
classifiers = ["cnn3"]
strategies = ["plain", "retrain", "first-n[n=1|2]"]

[budgets.quick]                  # fields of `contract.Budget`; axes given here replace those above; without any
                                 # there is one budget, `standard`, that limits nothing
train_images = 2000

A suite of estimators has other axes:

measure = "blur-estimation"
datasets = ["brodatz-pictures"]      # whose test pictures are read
test_blurs = ["ramp"]
estimators = ["constant", "cnn-30"]
fitted_on = ["brodatz-pictures"]     # for those that are fitted
splits = ["picture", "patch"]        # picture: other pictures than the test's; patch: all, a part of their patches
stride = 4                           # pixels between readings; a whole window where the blur does not vary
smoothing = 31                       # pixels that the moving average spans
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self, TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from blurbench.contract import Budget
from blurbench.errors import UnknownName, UsageError
from blurbench.matrix.sanitize import check_clean
from blurbench.registry import Registry

__all__ = [
    "AccuracySuite",
    "Analysis",
    "EstimationSuite",
    "Matrix",
    "Request",
    "SplitBy",
    "Suite",
    "budget_of",
    "find",
    "first_line",
    "load",
]

Request: TypeAlias = str | dict[str, Any]
Axis: TypeAlias = Annotated[list[Request], Field(min_length=1)]
Labels: TypeAlias = Annotated[list[str], Field(min_length=1)]
T = TypeVar("T", bound=BaseModel)

USUAL, WHOLE = "quick", "standard"
"""The budget that is meant where none is named, and the one without limits that a suite has where it states none."""

Analysis: TypeAlias = Literal["feature-gradients"]
"""`feature-gradients`: how uneven the edges in the deepest feature maps are, see `metrics.feature_gradients`."""

SplitBy: TypeAlias = Literal["picture", "patch"]
"""`picture`: what is fitted never meets a test picture; `patch`: it is fitted to patches of all, as in Patro 2017."""


BudgetName: TypeAlias = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=80)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Suite(_Table):
    """What every suite has, whatever it measures; names are not looked up yet."""

    replaceable: ClassVar[tuple[str, ...]]
    """What a budget may replace beside its own fields."""

    measure: str
    name: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=80)
    version: int = Field(ge=1, le=1_000_000)
    title: str = Field(max_length=400)
    test_seed: int = Field(default=0, ge=0, lt=2**53)
    """Seeds the test blurs, the same for every replicate."""
    datasets: Axis
    test_blurs: Axis
    labels: dict[str, Request] = {}
    budgets: dict[BudgetName, dict[str, Any]] = {WHOLE: {}}

    def budget_name(self, asked: str) -> str:
        """The budget that is meant: where a suite states none, the usual one is all there is."""
        return WHOLE if asked == USUAL and self.budgets == {WHOLE: {}} else asked

    def under(self, budget: str) -> Self:
        """The suite with what `budget` replaces."""
        where = f"suite {self.name}: budgets.{budget}"
        changes = {key: value for key, value in self._table(budget).items() if key in self.replaceable}
        labels = changes.pop("labels", {})
        if not isinstance(labels, dict):
            raise UsageError(f"{where}.labels must be a table")
        content = {**self.model_dump(), **changes, "labels": {**self.labels, **labels}}
        return _validated(type(self), content, where)

    def asking_for(self, metrics: Sequence[str]) -> Self:
        """The suite with these metrics, too. Raises UsageError where it cannot have any."""
        if metrics:
            raise UsageError(f"suite {self.name} measures {self.measure}: --metric is for suites of classifiers")
        return self

    def budget(self, name: str, changes: Mapping[str, Any] | None = None) -> Budget:
        """The budget of that name with the user's changes, which become a part of its name."""
        values = {key: value for key, value in self._table(name).items() if key not in self.replaceable}
        budget = budget_of(name, values, f"suite {self.name}: budgets.{name}", self.replaceable)
        changed = {key: value for key, value in (changes or {}).items() if value != getattr(budget, key)}
        if not changed:
            return budget
        suffix = ", ".join(f"{key}={value}" for key, value in sorted(changed.items()) if key != "minutes_per_job")
        shown = f"{name}[{suffix}]" if suffix else name
        return replace(budget_of(name, {**values, **changed}, "the changed budget"), name=shown)

    def _table(self, budget: str) -> dict[str, Any]:
        if budget not in self.budgets:
            raise UnknownName(f"budget of suite {self.name}:", budget, self.budgets)
        return self.budgets[budget]


# --- accuracy ------------------------------------------------------------------------------------------------------


class Matrix(_Table):
    """One product of classifiers and strategies, over data sets and blurs of the suite."""

    classifiers: Axis
    strategies: Axis
    datasets: Labels | None = None
    """Those of the suite's data sets, by label, that this product is for; default: all."""
    train_blurs: Labels | None = None
    """The same for training blurs."""


class AccuracySuite(Suite):
    """Classifiers under test blurs, with every strategy."""

    replaceable = ("datasets", "train_blurs", "test_blurs", "matrix", "metrics", "labels")

    measure: Literal["accuracy"] = "accuracy"
    baseline: str = "plain"
    """The strategy that gains are measured against; every matrix must have it."""
    train_blurs: list[Request] = []
    """None where nothing is fitted to a blur."""
    tested_on: Literal["own"] | None = None
    """`own`: what is fitted to a blur is tested on it and on sharp images alone, as in the curves of Zhou et al."""
    analyses: Annotated[list[Analysis], Field(min_length=1)] | None = None
    """What is measured inside the classifiers beside their answers, for every cell."""
    metrics: Axis | None = None
    """What plugins are to measure of every cell, image by image."""
    matrix: Annotated[list[Matrix], Field(min_length=1)]

    def asking_for(self, metrics: Sequence[str]) -> Self:
        return self.model_copy(update={"metrics": [*(self.metrics or ()), *metrics]}) if metrics else self


# --- blur estimation -----------------------------------------------------------------------------------------------


class EstimationSuite(Suite):
    """Estimators of blur: which of them read which blur off which pictures, having been fitted on what."""

    replaceable = ("datasets", "test_blurs", "labels", "estimators", "fitted_on", "splits", "stride", "smoothing")

    measure: Literal["blur-estimation"]
    estimators: Axis
    fitted_on: Axis
    splits: Annotated[list[SplitBy], Field(min_length=1)] = ["picture"]
    stride: Annotated[int, Field(ge=1, le=64)] = 4
    smoothing: Annotated[int, Field(ge=1, le=999)] = 31


SUITES: dict[str, type[Suite]] = {"accuracy": AccuracySuite, "blur-estimation": EstimationSuite}


# --- reading -------------------------------------------------------------------------------------------------------


def budget_of(name: str, values: dict[str, Any], where: str, axes: tuple[str, ...] = ()) -> Budget:
    """The budget of a suite's table; a mistake in it is refused in one line that begins with `where`."""
    known = {item.name for item in fields(Budget)} - {"name"}
    for key in values:
        if key not in known:
            raise UnknownName(f"key in {where}:", key, known | set(axes))
    try:
        return TypeAdapter(Budget).validate_python({"name": name, **values})
    except ValidationError as error:
        raise UsageError(f"{where}: {first_line(error)}") from None


def find(registry: Registry, name: str) -> Suite:
    """The suite of that name, or in that TOML file."""
    if name.endswith(".toml") or "/" in name:
        path = Path(name).expanduser()
        if not path.is_file():
            raise UsageError(f"suite file {name} does not exist")
        return load(path)
    target = registry.get("suites", name).target
    assert isinstance(target, Path)
    return load(target)


def load(path: Path) -> Suite:
    """Read and check a suite file, all of its budgets included."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        reason = "tables are nested too deep" if isinstance(error, RecursionError) else error
        raise UsageError(f"suite file {path.name} is not TOML: {reason}") from None
    where = f"suite file {path.name}"
    try:
        check_clean(content)
    except ValueError as error:
        raise UsageError(f"{where}: {error}") from None
    measure = content.get("measure", "accuracy")
    if not isinstance(measure, str) or measure not in SUITES:
        raise UnknownName(f"measure in {where}:", str(measure), SUITES)
    suite = _validated(SUITES[measure], content, where)
    for budget in suite.budgets:
        suite.under(budget)
        suite.budget(budget)
    return suite


def _validated(table: type[T], content: Mapping[str, Any], where: str) -> T:
    """The suite that a file states; a mistake is refused in one line that begins with `where`."""
    try:
        return table.model_validate(content)
    except ValidationError as error:
        for problem in error.errors(include_url=False):
            if problem["type"] == "extra_forbidden":
                *parents, key = (str(part) for part in problem["loc"])
                known = Matrix if parents and parents[0] == "matrix" else table
                raise UnknownName(f"key in {where}:", key, known.model_fields) from None
        raise UsageError(f"{where}: {first_line(error)}") from None


_NAMES_ALONE = "a name is of small letters, digits, and single hyphens between them"


def first_line(error: ValidationError) -> str:
    """What is wrong first, and where."""
    problem = error.errors(include_url=False)[0]
    place = ".".join(str(part) for part in problem["loc"] if part != "[key]")
    message = _NAMES_ALONE if problem["type"] == "string_pattern_mismatch" else problem["msg"]
    return f"{place}: {message[0].lower() + message[1:]}"
