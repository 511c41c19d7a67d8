"""From a record back to the work that it says it is of: the plan of its one cell."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import product
from pathlib import Path
from typing import Any, TypeVar

from blurbench.contract import Budget, Dataset
from blurbench.errors import RecordError, Skip, UsageError
from blurbench.registry import Registry, label, spec
from blurbench.results.estimation import Estimation, Sampling
from blurbench.results.record import AnyRecord, Record
from blurbench.suites.axes import Axes
from blurbench.suites.estimation import EstimationSuite, load_estimation, plan_estimation
from blurbench.suites.plan import Data, Plan, Task, make_plan
from blurbench.suites.suite import Analysis, Matrix, Suite, load

__all__ = [
    "plugin_of",
    "recall",
    "recall_estimation",
    "revisions",
    "sampling_of",
    "suite_samplings",
    "suite_seeds",
]

ANALYSES: tuple[list[Analysis] | None, ...] = (None, ["feature-gradients"])
"""What a suite may have had measured inside classifiers: it is part of a cell's key, and records do not say it."""

T = TypeVar("T")


def plugin_of(registry: Registry, record: AnyRecord, axis: str) -> Any:
    """The plugin on one axis of a record. Raises RecordError where this installation has another revision of it, or
    where its name and label are not its own; UsageError where it is not installed."""
    part = record.parts()[axis]
    plugin = registry.resolve(record.AXES[axis], part.spec)
    here = spec(registry, plugin)
    if here != part.spec:
        if (found := revisions(part.spec)) != (known := revisions(here)):
            raise RecordError(f"{axis}: made with {_listed(found)}; installed here: {_listed(known)}")
        raise RecordError(f"{axis}: its parameters are not written out as {label(registry, plugin)} writes them")
    if (part.name, part.label) != (registry.name_of(plugin), label(registry, plugin)):
        raise RecordError(f"{axis}: called {part.label!r}, but its parameters are those of {label(registry, plugin)!r}")
    return plugin


def revisions(value: Any) -> list[tuple[str, Any]]:
    """Every plugin inside a spec with its revision."""
    if isinstance(value, list):
        return [one for inner in value for one in revisions(inner)]
    if not isinstance(value, dict):
        return []
    own = [(str(value["name"]), value.get("revision"))] if "name" in value else []
    return [*own, *(one for inner in value.values() for one in revisions(inner))]


def _listed(revisions: Iterable[tuple[str, Any]]) -> str:
    return ", ".join(f"{name} revision {revision}" for name, revision in revisions)


def suite_seeds(registry: Registry) -> list[int]:
    """The seeds of test blurs that suites use; records do not say theirs. The usual one, 0, comes first."""
    return list(dict.fromkeys([0, *_each_suite(registry, lambda path: [load(path).test_seed])]))


def suite_samplings(registry: Registry) -> list[Sampling]:
    """How suites of estimators have pictures read: for records that do not say it yet."""
    return list(dict.fromkeys(_each_suite(registry, _samplings)))


def _samplings(path: Path) -> Iterator[Sampling]:
    if (suite := load_estimation(path)) is not None:
        for budget in suite.budgets:
            yield sampling_of(suite.under(budget))


def sampling_of(suite: EstimationSuite) -> Sampling:
    """How a suite has pictures read."""
    return Sampling(stride=suite.stride, smoothing=suite.smoothing, test_seed=suite.test_seed)


def _each_suite(registry: Registry, look: Callable[[Path], Iterable[T]]) -> Iterator[T]:
    for entry in registry.entries["suites"].values():
        assert isinstance(entry.target, Path)
        with suppress(UsageError):  # a broken suite file, or one of another kind, is no fault of a record
            yield from look(entry.target)


def recall(
    registry: Registry, record: Record, describe: Callable[[Dataset], Data], seeds: Iterable[int]
) -> tuple[Plan, Task]:
    """The plan of the record's cell and its task; `seeds` are the test seeds to try.

    Raises RecordError where no such cell has the record's key: then it was made by another version, or changed.
    `describe` may raise Unavailable.
    """
    for axis in record.parts():
        plugin_of(registry, record, axis)
    for seed, analyses in product(seeds, ANALYSES):
        plan = make_plan(
            registry, *_axes(registry, record, seed, analyses), _budget(record), [record.seed], describe, {}
        )
        (cell,) = plan.cells
        if cell.skip:
            raise Skip(cell.skip)
        if cell.key == record.key:
            return plan, plan.tasks[cell.key]
    raise RecordError(_NO_KEY)


def recall_estimation(
    registry: Registry, record: Estimation, describe: Callable[[Dataset], Data], samplings: Iterable[Sampling]
) -> Task:
    """The same for a record of an estimator; `samplings` are to be tried where it does not say its own."""
    for axis in record.parts():
        plugin_of(registry, record, axis)
    for sampling in [record.sampling] if record.sampling else samplings:
        suite = _estimation_suite(record, sampling)
        plan = plan_estimation(registry, suite, _budget(record), [record.seed], describe)
        (cell,) = plan.cells
        if cell.skip:
            raise Skip(cell.skip)
        if cell.key == record.key:
            return plan.tasks[cell.key]
    raise RecordError(_NO_KEY)


_NO_KEY = (
    "its key does not follow from what it says of itself: it was changed, or made by another version of blurbench or "
    "on other data"
)


def _estimation_suite(record: Estimation, sampling: Sampling) -> EstimationSuite:
    specs: dict[str, list[str | dict[str, Any]]] = {axis: [part.spec] for axis, part in record.parts().items()}
    return EstimationSuite(
        kind="estimation",
        name="recalled",
        version=1,
        title="",
        estimators=specs["estimator"],
        fitted_on=specs.get("fitted_on", specs["tested_on"]),
        splits=[record.split or "picture"],
        tested_on=specs["tested_on"],
        blurs=specs["blur"],
        **sampling.model_dump(),
        budgets={},
    )


def _axes(registry: Registry, record: Record, test_seed: int, analyses: list[Analysis] | None) -> tuple[Suite, Axes]:
    specs = {axis: part.spec for axis, part in record.parts().items()}
    suite = Suite(
        name="recalled",
        version=1,
        title="",
        baseline=record.strategy.label,
        test_seed=test_seed,
        analyses=analyses,
        datasets=[specs["dataset"]],
        train_blurs=[specs["train_blur"]],
        test_blurs=[specs["test_blur"]],
        matrix=[Matrix(classifiers=[specs["classifier"]], strategies=[specs["strategy"]])],
        budgets={},
    )
    return suite, Axes.of(registry, suite)


def _budget(record: AnyRecord) -> Budget:
    from pydantic import TypeAdapter, ValidationError

    try:
        budget = TypeAdapter(Budget).validate_python({"name": "recalled", **record.budget})
    except (ValidationError, TypeError) as error:
        raise UsageError(f"budget: {str(error).splitlines()[0]}") from None
    if budget.key() != record.budget:
        raise RecordError("budget: it is not written out in full")
    return budget
