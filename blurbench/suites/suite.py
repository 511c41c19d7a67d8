"""A suite: the axes of a matrix and its budgets, read from a TOML file and refused in one clear line if wrong.

name = "mnist-family"
version = 1                      # raised with every change: rows of different versions never share a table
title = "..."
datasets = ["mnist-5k", "digits"]
train_blurs = ["gaussian-2"]     # an expression, a table, or one of [labels]
test_blurs = ["none", "gaussian-2"]

[labels]                         # short names for the tables
gaussian-2 = "gaussian[sigma=2]"

[[matrix]]
classifiers = ["cnn3"]
strategies = ["plain", "retrain", "first-n[n=1|2]"]

[budgets.quick]                  # fields of `types.Budget`; axes given here replace those above
train_images = 2000
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from blurbench.contract import Budget
from blurbench.errors import UnknownName, UsageError
from blurbench.registry import Registry

__all__ = ["Analysis", "Matrix", "Suite", "budget_of", "find", "first_line", "load", "validated"]

Request: TypeAlias = str | dict[str, Any]
Axis: TypeAlias = Annotated[list[Request], Field(min_length=1)]
Labels: TypeAlias = Annotated[list[str], Field(min_length=1)]
T = TypeVar("T", bound=BaseModel)

Analysis: TypeAlias = Literal["feature-gradients"]
"""`feature-gradients`: how uneven the edges in the deepest feature maps are, see `metrics.feature_gradients`."""


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Matrix(_Table):
    """One product of classifiers and strategies, over data sets and blurs of the suite."""

    classifiers: Axis
    strategies: Axis
    datasets: Labels | None = None
    """Those of the suite's data sets, by label, that this product is for; default: all."""
    train_blurs: Labels | None = None
    """The same for training blurs."""


class Suite(_Table):
    """A suite under one budget, as the file states it; names are not looked up yet."""

    name: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    version: int = Field(ge=1)
    title: str = Field(max_length=400)
    baseline: str = "plain"
    """The strategy that gains are measured against; every matrix must have it."""
    test_seed: int = 0
    """Seeds the test blurs, the same for every replicate."""
    datasets: Axis
    train_blurs: Axis
    test_blurs: Axis
    tested_on: Literal["own"] | None = None
    """`own`: what is fitted to a blur is tested on it and on `none` alone, as in the curves of Zhou et al. 2017."""
    analyses: Annotated[list[Analysis], Field(min_length=1)] | None = None
    """What is measured inside the classifiers beside their answers, for every cell."""
    matrix: Annotated[list[Matrix], Field(min_length=1)]
    labels: dict[str, Request] = {}
    budgets: dict[str, dict[str, Any]]

    def under(self, budget: str) -> Suite:
        """The suite with the axes that `budget` replaces."""
        if budget not in self.budgets:
            raise UnknownName(f"budget of suite {self.name}:", budget, self.budgets)
        changes = {key: value for key, value in self.budgets[budget].items() if key in _AXES}
        labels = changes.pop("labels", {})
        if not isinstance(labels, dict):
            raise UsageError(f"suite {self.name}: budgets.{budget}.labels must be a table")
        labels = {**self.labels, **labels}
        content = {**self.model_dump(), **changes, "labels": labels}
        return validated(Suite, content, f"suite {self.name}: budgets.{budget}")

    def budget(self, name: str, changes: Mapping[str, Any] | None = None) -> Budget:
        """The budget of that name with the user's changes, which become a part of its name."""
        if name not in self.budgets:
            raise UnknownName(f"budget of suite {self.name}:", name, self.budgets)
        values = {key: value for key, value in self.budgets[name].items() if key not in _AXES}
        budget = budget_of(name, values, f"suite {self.name}: budgets.{name}")
        changed = {key: value for key, value in (changes or {}).items() if value != getattr(budget, key)}
        if not changed:
            return budget
        suffix = ", ".join(f"{key}={value}" for key, value in sorted(changed.items()) if key != "minutes_per_job")
        shown = f"{name}[{suffix}]" if suffix else name
        return replace(budget_of(name, {**values, **changed}, "the changed budget"), name=shown)


_AXES = ("datasets", "train_blurs", "test_blurs", "matrix", "labels")


def budget_of(name: str, values: dict[str, Any], where: str) -> Budget:
    """The budget of a suite's table; a mistake in it is refused in one line that begins with `where`."""
    known = {item.name for item in fields(Budget)} - {"name"}
    for key in values:
        if key not in known:
            raise UnknownName(f"key in {where}:", key, known | set(_AXES))
    try:
        return TypeAdapter(Budget).validate_python({"name": name, **values})
    except ValidationError as error:
        raise UsageError(f"{where}: {first_line(error)}") from None


def find(registry: Registry, name: str) -> Suite:
    """The suite of that name, or in that TOML file."""
    if name.endswith(".toml") or "/" in name:
        path = Path(name)
        if not path.is_file():
            raise UsageError(f"suite file {name} does not exist")
        return load(path)
    target = registry.get("suites", name).target
    assert isinstance(target, Path)
    return load(target)


def load(path: Path) -> Suite:
    """Read and check a suite file."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"suite file {path.name} is not TOML: {error}") from None
    suite = validated(Suite, content, f"suite file {path.name}")
    for budget in suite.budgets:
        suite.under(budget)
        suite.budget(budget)
    return suite


def validated(table: type[T], content: Mapping[str, Any], where: str) -> T:
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


def first_line(error: ValidationError) -> str:
    """What is wrong first, and where."""
    problem = error.errors(include_url=False)[0]
    place = ".".join(str(part) for part in problem["loc"])
    message = problem["msg"]
    return f"{place}: {message[0].lower() + message[1:]}"
