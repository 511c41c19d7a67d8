"""What is asked of results of classifiers alone."""

from __future__ import annotations

from dataclasses import astuple
from typing import Any

from blurbench.errors import RecordError, Skip
from blurbench.registry import Registry
from blurbench.registry.units import units
from blurbench.results.known import Known
from blurbench.results.recall import recall
from blurbench.results.record import Manifest, Record
from blurbench.results.terms import Terms, check_facts, meanings, shown
from blurbench.suites.axes import Axes, Named
from blurbench.suites.edition import content_digest
from blurbench.suites.suite import find

__all__ = ["check_cell", "terms_of_cells"]


def check_cell(record: Record, known: Known) -> None:
    """A measured record against the plugins and the data set. Raises RecordError, or Unavailable without the data."""
    assert record.images is not None
    dataset = known.registry.resolve("datasets", record.dataset.spec)
    data = known.data(dataset)
    if record.data_fingerprint != data.fingerprint:
        raise RecordError(f"data_fingerprint: not that of the data set {record.dataset.label} that is here")
    if record.images.label != known.labels(data, record.budget.get("test_images")):
        raise RecordError(f"images.label: not the test labels of {record.dataset.label}")
    _check_answers(record, data.classes)
    _check_work(record, known)


def _check_answers(record: Record, classes: int) -> None:
    assert record.images is not None
    if max(record.images.predicted) >= classes:
        raise RecordError(f"images.predicted: {max(record.images.predicted)} is no class of {record.dataset.label}")
    if min(record.images.confidence) < 1 / classes - 1e-4:
        raise RecordError(f"images.confidence: the likeliest of {classes} classes has at least 1/{classes}")


def _check_work(record: Record, known: Known) -> None:
    """Its key, and all that follows from the plugins: what the remedy knows, what it requires, what it had met."""
    try:
        _, task = recall(known.registry, record, known.data, known.seeds)
    except Skip as reason:
        raise RecordError(f"this cell cannot be had: {reason}") from None
    check_facts(record, {**task.job["record"], **_optional(record, known)})


def _optional(record: Record, known: Known) -> dict[str, Any]:
    """What older records do not say, where this one does."""
    dataset, blur = (
        known.registry.resolve(record.AXES[axis], record.parts()[axis].spec) for axis in ("dataset", "test_blur")
    )
    found = {"image_shape": list(astuple(known.data(dataset).shape)), "test_blur_units": units(blur)}
    return {name: value for name, value in found.items() if getattr(record, name)}


def terms_of_cells(manifest: Manifest, registry: Registry) -> Terms | None:
    """By the suite under the board's budget as it is installed here; None where it is not, or in another version.
    Raises RecordError where the board is not of its suite."""
    blurs = set(manifest.test_blurs)
    for line in manifest.lines:
        if line.test_blur not in blurs:
            raise RecordError(f"lines: {shown(line.test_blur)!r} is not one of test_blurs")
    if manifest.suite not in registry.entries["suites"]:
        return None
    found = find(registry, manifest.suite)
    if found.version != manifest.suite_version:
        return None
    suite = found.under(manifest.budget.partition("[")[0])
    if content_digest(suite, manifest.budget_values) != manifest.content:
        raise RecordError(f"content: not that of suite {suite.name} version {suite.version} under this budget")
    if manifest.baseline != suite.baseline:
        raise RecordError(f"baseline: {shown(manifest.baseline)!r}, but the suite says {suite.baseline!r}")
    axes = Axes.of(registry, suite)
    unfitted = Named("", registry.resolve("blurs", "none"), "none")  # where a strategy never looks at its training blur
    values = {
        "dataset": axes.datasets,
        "classifier": [value for part in axes.matrix for value in part.classifiers],
        "strategy": [value for part in axes.matrix for value in part.strategies],
        "train_blur": (*axes.train_blurs, unfitted),
        "test_blur": axes.test_blurs,
    }
    return Terms(meanings(registry, values))
