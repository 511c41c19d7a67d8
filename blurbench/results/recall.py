"""From a record back to the work that it says it is of: the plan of its one cell."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from blurbench.errors import RecordError, Skip, UsageError
from blurbench.protocols import Dataset
from blurbench.registry import Menu, label, spec
from blurbench.results.record import Part, Record
from blurbench.suites.plan import Axes, Data, Plan, Task, make_plan
from blurbench.suites.suite import Matrix, Suite, load
from blurbench.types import Budget

__all__ = ["parts_of", "plugin_of", "recall", "suite_seeds"]

KINDS = {
    "dataset": "datasets",
    "classifier": "classifiers",
    "strategy": "strategies",
    "train_blur": "blurs",
    "test_blur": "blurs",
}
"""The axes of a record, and the kind of plugin on each."""


def parts_of(record: Record) -> dict[str, Part]:
    """The five axis values of a record by name."""
    return {axis: getattr(record, axis) for axis in KINDS}


def plugin_of(menu: Menu, axis: str, part: Part) -> Any:
    """The plugin that `part` describes. Raises RecordError where this installation has another revision of it, or
    where its name and label are not its own; UsageError where it is not installed."""
    plugin = menu.resolve(KINDS[axis], part.spec)
    here = spec(menu, plugin)
    if here != part.spec:
        if (found := _revisions(part.spec)) != (known := _revisions(here)):
            raise RecordError(f"{axis}: made with {_listed(found)}; installed here: {_listed(known)}")
        raise RecordError(f"{axis}: its parameters are not written out as {label(menu, plugin)} writes them")
    if (part.name, part.label) != (menu.name_of(plugin), label(menu, plugin)):
        raise RecordError(f"{axis}: called {part.label!r}, but its parameters are those of {label(menu, plugin)!r}")
    return plugin


def _revisions(value: Any) -> list[tuple[str, Any]]:
    """Every plugin inside a spec with its revision."""
    if isinstance(value, list):
        return [one for inner in value for one in _revisions(inner)]
    if not isinstance(value, dict):
        return []
    own = [(str(value["name"]), value.get("revision"))] if "name" in value else []
    return [*own, *(one for inner in value.values() for one in _revisions(inner))]


def _listed(revisions: Iterable[tuple[str, Any]]) -> str:
    return ", ".join(f"{name} revision {revision}" for name, revision in revisions)


def suite_seeds(menu: Menu) -> list[int]:
    """The seeds of test blurs that suites use; records do not say theirs. The usual one, 0, comes first."""
    found = [0]
    for entry in menu.entries["suites"].values():
        assert isinstance(entry.target, Path)
        with suppress(UsageError):  # a broken suite file is no fault of a record
            found.append(load(entry.target).test_seed)
    return list(dict.fromkeys(found))


def recall(menu: Menu, record: Record, describe: Callable[[Dataset], Data], seeds: Iterable[int]) -> tuple[Plan, Task]:
    """The plan of the record's cell and its task; `seeds` are the test seeds to try.

    Raises RecordError where no such cell has the record's key: then it was made by another version, or changed.
    `describe` may raise Unavailable.
    """
    for axis, part in parts_of(record).items():
        plugin_of(menu, axis, part)
    for seed in seeds:
        plan = make_plan(menu, *_axes(menu, record, seed), _budget(record), [record.seed], describe, {})
        (cell,) = plan.cells
        if cell.skip:
            raise Skip(cell.skip)
        if cell.key == record.key:
            return plan, plan.tasks[cell.key]
    raise RecordError(
        "its key does not follow from what it says of itself: it was changed, or made by another version of blurbench "
        "or on other data"
    )


def _axes(menu: Menu, record: Record, test_seed: int) -> tuple[Suite, Axes]:
    specs = {axis: part.spec for axis, part in parts_of(record).items()}
    suite = Suite(
        name="recalled",
        version=1,
        title="",
        baseline=record.strategy.label,
        test_seed=test_seed,
        datasets=[specs["dataset"]],
        train_blurs=[specs["train_blur"]],
        test_blurs=[specs["test_blur"]],
        matrix=[Matrix(classifiers=[specs["classifier"]], strategies=[specs["strategy"]])],
        budgets={},
    )
    return suite, Axes.of(menu, suite)


def _budget(record: Record) -> Budget:
    from pydantic import TypeAdapter, ValidationError

    try:
        budget = TypeAdapter(Budget).validate_python({"name": "recalled", **record.budget})
    except (ValidationError, TypeError) as error:
        raise UsageError(f"budget: {str(error).splitlines()[0]}") from None
    if budget.key() != record.budget:
        raise RecordError("budget: it is not written out in full")
    return budget
