"""A suite's axes with every name looked up: the values of each, their labels, and which of them the user kept."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias, cast, get_args

from blurbench.contract.plugin import Plugin
from blurbench.errors import UnknownName, UsageError, shortened
from blurbench.matrix.suite import AccuracySuite, EstimationSuite, Matrix, Request, SplitBy, Suite
from blurbench.registry import Registry, expand, label, named, parse
from blurbench.registry.expressions import LONGEST, quoted

__all__ = ["SHARP", "AccuracyAxes", "AxisValue", "EstimationAxes", "MatrixBlock", "Only", "axis_values"]

SHARP = "none"
"""What the test images without blur are called on every board."""

Only: TypeAlias = Mapping[str, Iterable[str]]
"""What the user keeps: for each axis labels, names or expressions; `mine=EXPRESSION` adds a value called so."""


@dataclass(frozen=True)
class AxisValue:
    """A value of an axis: the plugin, the label that tables show, and the name that it is registered under."""

    label: str
    plugin: Any
    name: str


class MatrixBlock(NamedTuple):
    """Classifiers and strategies, and the labels of the data sets and training blurs that they are multiplied with."""

    classifiers: tuple[AxisValue, ...]
    strategies: tuple[AxisValue, ...]
    datasets: frozenset[str]
    train_blurs: frozenset[str]


@dataclass(frozen=True)
class AccuracyAxes:
    """The axes of a suite of classifiers, narrowed to what the user chose."""

    datasets: tuple[AxisValue, ...]
    train_blurs: tuple[AxisValue, ...]
    test_blurs: tuple[AxisValue, ...]
    matrix: tuple[MatrixBlock, ...]

    @classmethod
    def of(cls, registry: Registry, suite: AccuracySuite, only: Only | None = None) -> AccuracyAxes:
        """Look up every name. `only` keeps, for each axis, the values of these labels, names or expressions, and adds
        what the suite does not list; the sharp test images and the baseline always stay, since gains need them."""
        keep = AxisFilter(registry, suite, only or {})
        listed = [_matrix_values(registry, suite, part) for part in suite.matrix]
        own_classifiers = keep.own("classifier", "classifiers", [value for part in listed for value in part[0]])
        own_strategies = keep.own("strategy", "strategies", [value for part in listed for value in part[1]])
        datasets, own_datasets = keep.axis("dataset", "datasets", suite.datasets)
        train_blurs, own_blurs = keep.axis("train_blur", "blurs", suite.train_blurs)
        test_blurs, own_tests = keep.axis(
            "test_blur", "blurs", suite.test_blurs, lambda value: value.plugin.is_identity
        )

        def block(part: Matrix, values: tuple[list[AxisValue], list[AxisValue]]) -> MatrixBlock:
            return MatrixBlock(
                (*keep("classifier", values[0]), *own_classifiers),
                (*keep("strategy", values[1], lambda value: value.label == suite.baseline), *own_strategies),
                _names(suite, "datasets", suite.datasets, part.datasets, registry) | _labels(own_datasets),
                _names(suite, "blurs", suite.train_blurs, part.train_blurs, registry) | _labels(own_blurs),
            )

        matrix = tuple(block(part, values) for part, values in zip(suite.matrix, listed, strict=True))
        keep.check()
        for part in matrix:
            if suite.baseline not in _labels(part.strategies):
                raise UsageError(f"suite {suite.name}: every matrix needs the baseline strategy {suite.baseline!r}")
            fitted = [value.label for value in part.strategies if value.plugin.uses_train_blur()]
            if fitted and not (train_blurs or own_blurs):
                raise UsageError(
                    f"suite {suite.name}: {fitted[0]} is fitted to a blur and there is none: give train_blurs in the "
                    "suite, or --train-blur"
                )
        # Boards find the sharp test images by their label, whatever a suite calls them.
        tests = (*test_blurs, *own_tests)
        tested = tuple(replace(value, label=SHARP) if value.plugin.is_identity else value for value in tests)
        check_labels(suite.name, "test_blur", tested)
        return cls((*datasets, *own_datasets), (*train_blurs, *own_blurs), tested, matrix)


@dataclass(frozen=True)
class EstimationAxes:
    """The axes of a suite of estimators, narrowed to what the user chose."""

    datasets: tuple[AxisValue, ...]
    test_blurs: tuple[AxisValue, ...]
    estimators: tuple[AxisValue, ...]
    fitted_on: tuple[AxisValue, ...]
    splits: tuple[SplitBy, ...]

    @classmethod
    def of(cls, registry: Registry, suite: EstimationSuite, only: Only | None = None) -> EstimationAxes:
        """Look up every name; an estimator that the suite does not list is measured as it measures its own."""
        keep = AxisFilter(registry, suite, only or {})

        def axis(name: str, kind: str, requests: Sequence[Request]) -> tuple[AxisValue, ...]:
            kept, own = keep.axis(name, kind, requests)
            return (*kept, *own)

        found = cls(
            axis("dataset", "datasets", suite.datasets),
            axis("test_blur", "blurs", suite.test_blurs),
            axis("estimator", "estimators", suite.estimators),
            axis("fitted_on", "datasets", suite.fitted_on),
            keep.splits(suite.splits),
        )
        keep.check()
        return found


def _labels(values: Iterable[AxisValue]) -> frozenset[str]:
    return frozenset(value.label for value in values)


# --- what the user keeps -------------------------------------------------------------------------------------------


class AxisFilter:
    """Keeps the chosen values of each axis, adds chosen ones that the suite does not list, and notices choices that
    match nothing."""

    def __init__(self, registry: Registry, suite: Suite, only: Only) -> None:
        self.registry, self.suite = registry, suite
        self.chosen = {axis: list(dict.fromkeys(choices)) for axis, choices in only.items() if choices}
        self.unused = dict(self.chosen)
        """Axes that the suite does not have."""

    def axis(
        self,
        axis: str,
        kind: str,
        requests: Sequence[Request],
        always: Callable[[AxisValue], bool] = lambda value: False,
    ) -> tuple[tuple[AxisValue, ...], tuple[AxisValue, ...]]:
        """The kept values of an axis, and those that the user adds."""
        values = [value for request in requests for value in _values(self.registry, self.suite, kind, request)]
        check_labels(self.suite.name, axis, values)
        own = self.own(axis, kind, values)
        return self(axis, values, always), own

    def __call__(
        self, axis: str, values: list[AxisValue], always: Callable[[AxisValue], bool] = lambda value: False
    ) -> tuple[AxisValue, ...]:
        """The values of `axis` that the user keeps: all where nothing was chosen."""
        self.unused.pop(axis, None)
        if axis not in self.chosen:
            return tuple(values)
        choices = self.chosen[axis]
        return tuple(value for value in values if always(value) or any(self._is(choice, value) for choice in choices))

    def own(self, axis: str, kind: str, listed: list[AxisValue]) -> tuple[AxisValue, ...]:
        """The chosen values that are none of `listed`, by name or expression. Raises UnknownName for anything else."""
        self.unused.pop(axis, None)
        missing = [
            choice for choice in self.chosen.get(axis, ()) if not any(self._is(choice, value) for value in listed)
        ]
        own = [value for choice in missing for value in self._resolved(axis, kind, choice, listed)]
        check_labels(self.suite.name, axis, [*dict.fromkeys(listed), *own])
        return tuple(own)

    def splits(self, listed: Sequence[SplitBy]) -> tuple[SplitBy, ...]:
        """The ways to split that the user wants, whether the suite lists them or not; else those that it lists."""
        self.unused.pop("split", None)
        chosen = self.chosen.get("split", listed)
        for choice in chosen:
            if choice not in get_args(SplitBy):
                raise UnknownName("way to split:", choice, get_args(SplitBy))
        return tuple(cast("Sequence[SplitBy]", chosen))

    def _is(self, choice: str, value: AxisValue) -> bool:
        """Whether a choice is the value's label, its plugin's name, or another way to write it."""
        if choice in (value.label, value.name):
            return True
        try:
            kind, (_, expression) = self.registry.kind_of(value.plugin), named(choice)
            return any(self.registry.resolve(kind, table) == value.plugin for table in expand(expression))
        except UsageError:
            return False

    def _resolved(self, axis: str, kind: str, choice: str, listed: list[AxisValue]) -> Iterator[AxisValue]:
        name, expression = named(choice)
        try:
            installed = all(table["name"] in self.registry.entries[kind] for table in expand(expression))
        except UsageError:
            # An expression with a mistake in it: resolving says which.
            installed = "[" in choice and not _is_folder(choice)
        if not installed:
            known = {name for value in listed for name in (value.label, value.name)}
            raise UnknownName(
                f"{axis.replace('_', ' ')} in this suite:",
                choice,
                known | {*self.registry.entries[kind]},
                _as_parameter(self.registry, kind, choice),
            )
        if not name:
            yield from axis_values(self.registry, {}, kind, expression)
            return
        (value,) = axis_values(self.registry, {}, kind, parse(expression))
        _check_is_free(self.registry, self.suite, kind, name, value)
        yield replace(value, label=name)

    def check(self) -> None:
        """Raises UsageError for a choice on an axis that the suite does not have."""
        for axis in self.unused:
            option = axis.replace("_", "-")
            raise UsageError(f"suite {self.suite.name} measures {self.suite.measure}: --{option} chooses nothing in it")


def _as_parameter(registry: Registry, kind: str, choice: str) -> str:
    """How to name a place, where the choice is one or looks like one."""
    is_folder = _is_folder(choice)
    place = quoted(f"./{choice}" if is_folder and "/" not in choice else choice)
    fields = {name: getattr(entry.target, "__dataclass_fields__", {}) for name, entry in registry.entries[kind].items()}
    taking = [f"{name}[path={place}]" for name, known in fields.items() if "path" in known]
    if not taking or not (is_folder or "/" in choice):
        return ""
    note = f". A place is a parameter: {', '.join(taking)}"
    return f"{note}; to test with all of a folder: {_of_folder(registry, choice, place)}" if is_folder else note


def _is_folder(choice: str) -> bool:
    return os.path.isdir(os.path.expanduser(choice))  # which takes any text, as Path does not


SIDE = 96
"""Shown where pictures need one, to be changed: not what a plugin takes by itself, which would not be shown."""


def _of_folder(registry: Registry, choice: str, place: str) -> str:
    """The option that tests with all pictures of a folder, which is called what the user called it."""
    folder = Path(choice).expanduser().absolute()
    shown = label(registry, registry.folder_dataset(folder, SIDE)).replace(quoted(str(folder)), place)
    return f"--dataset {shlex.quote(shown)}"


# --- looking names up ----------------------------------------------------------------------------------------------


def _matrix_values(registry: Registry, suite: AccuracySuite, part: Matrix) -> tuple[list[AxisValue], list[AxisValue]]:
    classifiers = [v for request in part.classifiers for v in _values(registry, suite, "classifiers", request)]
    strategies = [v for request in part.strategies for v in _values(registry, suite, "strategies", request)]
    check_labels(suite.name, "classifier", classifiers)
    check_labels(suite.name, "strategy", strategies)
    return classifiers, strategies


def _names(
    suite: Suite, kind: str, axis: Iterable[Request], wanted: Iterable[str] | None, registry: Registry
) -> frozenset[str]:
    """The labels of the axis values that a product is for."""
    known = [value.label for request in axis for value in _values(registry, suite, kind, request)]
    for name in wanted or ():
        if name not in known:
            raise UnknownName(f"name in a matrix of suite {suite.name}: not on its axis of {kind}:", name, known)
    return frozenset(wanted or known)


def check_labels(suite: str, axis: str, values: Sequence[AxisValue]) -> None:
    """Rows are told apart by their labels, which are stored and shown."""
    labels = [value.label for value in values]
    if too_long := next((name for name in labels if len(name) > LONGEST), None):
        shown = shortened(too_long, 60)
        raise UsageError(
            f"suite {suite}: a value of {axis} is written with {len(too_long):,} characters ({shown}); the most are "
            f"{LONGEST:,}"
        )
    if twice := [name for name in labels if labels.count(name) > 1]:
        raise UsageError(f"suite {suite}: two values of {axis} are called {twice[0]!r}")


def _values(registry: Registry, suite: Suite, kind: str, request: Request) -> Iterator[AxisValue]:
    values = list(axis_values(registry, suite.labels, kind, request))
    is_label = isinstance(request, str) and request in suite.labels
    if is_label:
        _check_is_free(registry, suite, kind, str(request), values[0])
    yield from values


def _check_is_free(registry: Registry, suite: Suite, kind: str, name: str, value: AxisValue) -> None:
    """Raises UsageError where `name`, a label of `value`, is the name of another plugin."""
    if name in registry.entries[kind] and value.name != name:
        raise UsageError(f"suite {suite.name}: the label {name!r} is the name of one of the {kind}; choose another")


def axis_values(registry: Registry, labels: Mapping[str, Request], kind: str, request: Request) -> Iterator[AxisValue]:
    """The plugins that an axis asks for in one place: one of the suite's `labels`, or an expression, maybe a grid."""
    if isinstance(request, str) and request in labels:
        plugin: Plugin = registry.resolve(kind, labels[request])
        yield AxisValue(request, plugin, registry.name_of(plugin))
        return
    for table in expand(request):
        shown = table.pop("label", None)
        plugin = registry.resolve(kind, table)
        yield AxisValue(str(shown or label(registry, plugin)), plugin, registry.name_of(plugin))
