"""A suite's axes with every name looked up: the values of each, their labels, and which of them the user kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from blurbench.errors import UnknownName, UsageError
from blurbench.registry import Registry, expand, label
from blurbench.suites.suite import Matrix, Request, Suite

__all__ = ["AXES", "Axes", "Choices", "Named", "Product", "check_labels", "named_values"]

AXES = ("dataset", "classifier", "strategy", "train_blur", "test_blur")


@dataclass(frozen=True)
class Named:
    """An axis value: the plugin and the label that tables show."""

    label: str
    plugin: Any
    name: str


class Product(NamedTuple):
    """Classifiers and strategies, and the labels of the data sets and training blurs that they are multiplied with."""

    classifiers: tuple[Named, ...]
    strategies: tuple[Named, ...]
    datasets: frozenset[str]
    train_blurs: frozenset[str]


@dataclass(frozen=True)
class Axes:
    """A suite's axes with every name looked up, narrowed to what the user chose."""

    datasets: tuple[Named, ...]
    train_blurs: tuple[Named, ...]
    test_blurs: tuple[Named, ...]
    matrix: tuple[Product, ...]

    @classmethod
    def of(cls, registry: Registry, suite: Suite, only: Mapping[str, Iterable[str]] | None = None) -> Axes:
        """Look up every name. `only` keeps, for each axis of `AXES`, the values of these labels or names (grids and
        parameters allowed); the test blur `none` and the baseline strategy always stay, since gains need them."""
        chosen = {axis: set(values) for axis, values in (only or {}).items() if values}
        keep = Choices(registry, chosen)

        def axis(kind: str, requests: Iterable[Request], key: str, always: str = "") -> tuple[Named, ...]:
            values = [named for request in requests for named in _named(registry, suite, kind, request)]
            check_labels(suite.name, key, values)
            return keep(key, kind, values, always)

        def product(part: Matrix) -> Product:
            return Product(
                axis("classifiers", part.classifiers, "classifier"),
                axis("strategies", part.strategies, "strategy", suite.baseline),
                _labels_for(registry, suite, "datasets", suite.datasets, part.datasets),
                _labels_for(registry, suite, "blurs", suite.train_blurs, part.train_blurs),
            )

        axes = cls(
            axis("datasets", suite.datasets, "dataset"),
            axis("blurs", suite.train_blurs, "train_blur"),
            axis("blurs", suite.test_blurs, "test_blur", "none"),
            tuple(product(part) for part in suite.matrix),
        )
        keep.check()
        for part in axes.matrix:
            if suite.baseline not in {strategy.label for strategy in part.strategies}:
                raise UsageError(f"suite {suite.name}: every matrix needs the baseline strategy {suite.baseline!r}")
        return axes


class Choices:
    """Keeps the chosen values of each axis, and notices choices that match nothing."""

    def __init__(self, registry: Registry, chosen: Mapping[str, set[str]]) -> None:
        self.registry, self.chosen = registry, chosen
        self.known: dict[str, set[str]] = {axis: set() for axis in chosen}
        self.matched: dict[str, set[str]] = {axis: set() for axis in chosen}

    def __call__(self, axis: str, kind: str, values: list[Named], always: str = "") -> tuple[Named, ...]:
        if axis not in self.chosen:
            return tuple(values)
        kept = []
        for value in values:
            matching = {choice for choice in self.chosen[axis] if self._is(kind, choice, value)}
            self.known[axis] |= {value.label, value.name}
            self.matched[axis] |= matching
            if matching or value.label == always:
                kept.append(value)
        return tuple(kept)

    def _is(self, kind: str, choice: str, value: Named) -> bool:
        """Whether a choice is the value's label, its plugin's name, or another way to write it."""
        if choice in (value.label, value.name):
            return True
        try:
            return any(self.registry.resolve(kind, table) == value.plugin for table in expand(choice))
        except UsageError:
            return False

    def unmatched(self, axis: str) -> list[str]:
        """The choices that no value was."""
        return sorted(self.chosen.get(axis, set()) - self.matched.get(axis, set()))

    def check(self) -> None:
        for axis in self.chosen:
            for choice in self.unmatched(axis):
                raise UnknownName(f"{axis.replace('_', ' ')} in this suite:", choice, self.known[axis])


def _labels_for(
    registry: Registry, suite: Suite, kind: str, axis: Iterable[Request], wanted: Iterable[str] | None
) -> frozenset[str]:
    """The axis values that a product is for."""
    known = [named.label for request in axis for named in _named(registry, suite, kind, request)]
    for one in wanted or ():
        if one not in known:
            raise UnknownName(f"name in a matrix of suite {suite.name}: not on its axis of {kind}:", one, known)
    return frozenset(wanted or known)


def check_labels(suite: str, axis: str, values: list[Named]) -> None:
    """Rows are told apart by their labels."""
    labels = [value.label for value in values]
    if twice := [one for one in labels if labels.count(one) > 1]:
        raise UsageError(f"suite {suite}: two values of {axis} are called {twice[0]!r}")


def _named(registry: Registry, suite: Suite, kind: str, request: Request) -> Iterator[Named]:
    if isinstance(request, str) and request in suite.labels and request in registry.entries[kind]:
        raise UsageError(f"suite {suite.name}: the label {request!r} is the name of one of the {kind}; choose another")
    yield from named_values(registry, suite.labels, kind, request)


def named_values(registry: Registry, labels: Mapping[str, Request], kind: str, request: Request) -> Iterator[Named]:
    """The plugins that an axis asks for in one place: one of the suite's `labels`, or an expression, maybe a grid."""
    if isinstance(request, str) and request in labels:
        plugin = registry.resolve(kind, labels[request])
        yield Named(request, plugin, registry.name_of(plugin))
        return
    for table in expand(request):
        shown = table.pop("label", None)
        plugin = registry.resolve(kind, table)
        yield Named(str(shown or label(registry, plugin)), plugin, registry.name_of(plugin))
