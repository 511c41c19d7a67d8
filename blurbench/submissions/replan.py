"""From a record back to the work that it says it is of: the plan of its one cell."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from pathlib import Path, PurePath
from typing import Any

from blurbench.contract import Budget, Dataset, Metric, Plugin
from blurbench.errors import RecordError, Skip, Unavailable, UsageError, shortened
from blurbench.matrix.cell import Data
from blurbench.matrix.plan import Plan, Planner
from blurbench.matrix.suite import first_line
from blurbench.matrix.tasks import Evaluate
from blurbench.measurements import MEASUREMENTS
from blurbench.registry import Registry, config, label
from blurbench.store.record import Record
from blurbench.store.records import revisions

__all__ = ["check_places", "metrics_of", "plugin_of", "replan"]


def plugin_of(registry: Registry, record: Record, axis: str) -> Plugin:
    """The plugin on one axis of a record. Raises RecordError where this installation has another revision of it, or
    where its name and label are not its own; UsageError where it is not installed."""
    stated = record.axes[axis]
    plugin: Plugin = registry.resolve(_kind(record, axis), stated.config)
    _check_config(registry, plugin, stated.config, axis, stated.label)
    if (stated.name, stated.label) != (registry.name_of(plugin), label(registry, plugin)):
        raise RecordError(
            f"{axis}: called {stated.label!r}, but its parameters are those of {label(registry, plugin)!r}"
        )
    return plugin


def _check_config(registry: Registry, plugin: Plugin, stated: Mapping[str, Any], what: str, shown: str) -> None:
    """Raises RecordError where this installation writes the plugin down in another way."""
    here = config(registry, plugin)
    if here == stated:
        return
    if (found := revisions(stated)) != (known := revisions(here)):
        raise RecordError(f"{what}: made with {_listed(found)}; installed here: {_listed(known)}")
    if here.get("source") != stated.get("source"):
        raise RecordError(f"{what}: the file of plugins that {shown} is from has another content here")
    if here.get("files") != stated.get("files"):
        raise RecordError(f"{what}: the files that {shown} names have another content here")
    raise RecordError(f"{what}: its parameters are not written out as {label(registry, plugin)} writes them")


def metrics_of(registry: Registry, record: Record) -> list[tuple[Metric, Mapping[str, Any]]]:
    """The metrics that a record was measured by beside the usual ones, each with what it says of it. Raises RecordError
    or UsageError."""
    stated = record.settings.get("metrics", [])
    if not (isinstance(stated, list) and all(isinstance(one, dict) for one in stated)):
        raise RecordError("settings: metrics is no list of tables")
    return [(registry.resolve("metrics", one), one) for one in stated]


def _kind(record: Record, axis: str) -> str:
    measurement = MEASUREMENTS[record.measure]
    if axis not in {known.name for known in measurement.axes}:
        raise RecordError(f"axes: {axis!r} is none of {measurement.name}")
    return measurement.kind(axis)


def _listed(found: Iterable[tuple[str, Any]]) -> str:
    return ", ".join(f"{name} revision {revision}" for name, revision in found)


def replan(registry: Registry, record: Record, describe: Callable[[Dataset], Data]) -> tuple[Plan, Evaluate]:
    """The plan of the record's cell and its task.

    Raises RecordError where that cell has not the record's key: then it was made by another version, or changed; Skip
    where the cell cannot be had. `describe` may raise Unavailable.
    """
    for axis in record.axes:
        plugin_of(registry, record, axis)
    for metric, stated in metrics_of(registry, record):
        _check_config(registry, metric, stated, "metrics", label(registry, metric))
    measurement = MEASUREMENTS[record.measure]
    if absent := [axis.name for axis in measurement.axes if not axis.is_optional and axis.name not in record.axes]:
        raise RecordError(f"axes: there is no {absent[0]}")
    try:
        suite = measurement.suite_of(record)
    except (KeyError, ValueError) as error:  # settings of a stranger's
        raise RecordError(f"settings: {_said(error)}") from None
    lacking: list[Unavailable] = []

    def described(dataset: Dataset) -> Data:
        try:
            return describe(dataset)
        except Unavailable as reason:
            lacking.append(reason)  # a plan would make a skipped cell of it
            raise

    planner = Planner(registry, _budget(record), described, suite.test_seed)
    measurement.plan(planner, suite, {}, [record.seed], {})
    (cell,) = planner.plan.cells
    if cell.skip:
        raise lacking[0] if lacking else Skip(cell.skip)
    task = planner.plan.tasks.get(record.key)
    if cell.key != record.key or not isinstance(task, Evaluate):
        raise RecordError(
            "its key does not follow from what it says of itself: it was changed, or made by another version of "
            "blurbench or on other data"
        )
    if cell.identity["settings"] != record.settings:
        raise RecordError("settings: they are not written out as a run writes them")
    return planner.plan, task


def _budget(record: Record) -> Budget:
    from pydantic import TypeAdapter

    try:
        budget = TypeAdapter(Budget).validate_python({"name": "recalled", **record.budget})
    except (ValueError, TypeError) as error:
        raise UsageError(f"budget: {_said(error)}") from None
    if budget.key() != record.budget:
        raise RecordError("budget: it is not written out in full")
    return budget


def _said(error: Exception) -> str:
    from pydantic import ValidationError

    return first_line(error) if isinstance(error, ValidationError) else shortened(str(error))


# --- what a stranger may name ---------------------------------------------------------------------------------------


def check_places(plugin: Plugin, folders: Sequence[Path]) -> None:
    """Raises Unavailable where a stranger's plugin names a place on this machine that lies in none of `folders`: a
    record never makes anything be read that its reader did not name."""
    parts = list(_with_parts(plugin))
    for text in (str(part) for part in parts if isinstance(part, str | PurePath)):
        if _is_place(text) and not any(Path(text).expanduser().is_relative_to(folder) for folder in folders):
            raise Unavailable(
                f"{text:.100} is a place that the record names, so it is not read; name its folder yourself"
            )
    for path in (path for part in parts if isinstance(part, Plugin) for path in part.files()):
        if not any(path.absolute().is_relative_to(folder.absolute()) for folder in folders):
            raise Unavailable(f"{path} is a file that the record names, so it is not read; name its folder yourself")


def _is_place(text: str) -> bool:
    """Absolute, or from one's home or from where one stands; other names are looked up in data folders alone."""
    return PurePath(text).is_absolute() or text.startswith(("~", "./")) or ".." in PurePath(text).parts


def _with_parts(value: Any) -> Iterator[Any]:
    """A plugin and all its parameters, those inside other plugins and lists included."""
    yield value
    if isinstance(value, Plugin):
        for item in fields(value):  # type: ignore[arg-type]
            yield from _with_parts(getattr(value, item.name))
    elif isinstance(value, tuple | list | frozenset | set):
        for inner in value:
            yield from _with_parts(inner)
