"""Whether records can be believed, as far as that can be told without measuring again.

Records are a stranger's. Each is held against itself (`plausible`), against the plugins and data sets that are here,
and against the others. What fails is refused with the reason; what could not be checked is said. That a predictor
really gave these predictions only `replay` and `verify` can tell.
"""

from __future__ import annotations

import json
import re
import shlex
from collections import Counter
from collections.abc import Iterator
from dataclasses import astuple
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from blurbench.errors import BlurbenchError, RecordError, Skip, Unavailable, UsageError, shortened
from blurbench.protocols import Dataset
from blurbench.registry import Menu, spec
from blurbench.results.agreement import dissenters
from blurbench.results.decoded import describe
from blurbench.results.held import Held
from blurbench.results.recall import KINDS, parts_of, recall, suite_seeds
from blurbench.results.record import Line, Manifest, Record
from blurbench.results.shares import share
from blurbench.results.store import Store
from blurbench.suites.edition import content_digest
from blurbench.suites.plan import Axes, Data
from blurbench.suites.suite import Suite, find
from blurbench.suites.units import units

__all__ = ["Known", "validate"]


class Known:
    """What this installation knows: its plugins and suites, and the data sets that it finds in `folders`."""

    def __init__(self, menu: Menu, store: Store, folders: tuple[Path, ...]) -> None:
        self.menu, self.store, self.folders = menu, store, folders
        self._data: dict[Dataset, Data | Unavailable] = {}
        self._labels: dict[tuple[str, int | None], list[int]] = {}

    @cached_property
    def seeds(self) -> list[int]:
        """The test seeds of the suites."""
        return suite_seeds(self.menu)

    def data(self, dataset: Dataset) -> Data:
        """Raises Unavailable where it is not here."""
        if dataset not in self._data:
            try:
                self._data[dataset] = describe(self.menu, self.store, dataset, self.folders)
            except Unavailable as error:
                self._data[dataset] = error
        if isinstance(found := self._data[dataset], Unavailable):
            raise found
        return found

    def labels(self, data: Data, limit: int | None) -> list[int]:
        """The test labels under a budget of `limit` test images."""
        if (data.key, limit) not in self._labels:
            labels = np.load(self.store.root / "data" / data.key / "test-labels.npy")
            self._labels[data.key, limit] = labels[share(labels, limit)].tolist()
        return self._labels[data.key, limit]


def validate(held: Held, known: Known) -> list[str]:
    """Move what cannot be believed from `held` to its refusals; return what could not be checked."""
    unchecked: Counter[str] = Counter()
    for file, record in list(held.records.items()):
        try:
            if held.is_bundle and record.status != "ok":
                raise RecordError(f"{record.status}: a bundle holds measured cells only")
            _check_record(record, known)
        except Unavailable:
            unchecked[f"data set {record.dataset.name} is not here, so its images and keys were not checked"] += 1
        except BlurbenchError as error:
            held.refuse(file, error)
            del held.records[file]
    _refuse_dissenters(held)
    notes = [f"{count} record{'s' * (count > 1)}: {what}" for what, count in sorted(unchecked.items())]
    for file, manifest in list(held.boards.items()):
        notes += _check_board(held, file, manifest, known)
    return notes


# --- one record -----------------------------------------------------------------------------------------------------


def _check_record(record: Record, known: Known) -> None:
    _check_installed(record, known.menu)
    if record.images is None:
        return
    dataset = known.menu.resolve("datasets", record.dataset.spec)
    data = known.data(dataset)
    if record.data_fingerprint != data.fingerprint:
        raise RecordError(f"data_fingerprint: not that of the data set {record.dataset.label} that is here")
    if record.images.label != known.labels(data, record.budget.get("test_images")):
        raise RecordError(f"images.label: not the test labels of {record.dataset.label}")
    _check_answers(record, data.classes)
    _check_work(record, known)


def _check_installed(record: Record, menu: Menu) -> None:
    for axis, part in parts_of(record).items():
        try:
            menu.resolve(KINDS[axis], part.spec)
        except UsageError as error:
            raise RecordError(f"{axis}: {error}") from None


def _check_answers(record: Record, classes: int) -> None:
    assert record.images is not None
    if max(record.images.predicted) >= classes:
        raise RecordError(f"images.predicted: {max(record.images.predicted)} is no class of {record.dataset.label}")
    if min(record.images.confidence) < 1 / classes - 1e-4:
        raise RecordError(f"images.confidence: the likeliest of {classes} classes has at least 1/{classes}")


def _check_work(record: Record, known: Known) -> None:
    """Its key, and all that follows from the plugins: what the remedy knows, what it requires, what it had met."""
    try:
        _, task = recall(known.menu, record, known.data, known.seeds)
    except Skip as reason:
        raise RecordError(f"this cell cannot be had: {reason}") from None
    stated = record.model_dump(mode="json")
    facts = {**task.job["record"], **_optional(record, known)}
    for name, value in facts.items():
        if stated[name] != value:
            raise RecordError(f"{name}: {_shown(stated[name])}, but its plugins say {_shown(value)}")


def _optional(record: Record, known: Known) -> dict[str, Any]:
    """What older records do not say, where this one does."""
    dataset, blur = (known.menu.resolve(KINDS[axis], parts_of(record)[axis].spec) for axis in ("dataset", "test_blur"))
    found = {"image_shape": list(astuple(known.data(dataset).shape)), "test_blur_units": units(blur)}
    return {name: value for name, value in found.items() if getattr(record, name)}


def _shown(value: Any) -> str:
    return shortened(str(value), 80)


def _refuse_dissenters(held: Held) -> None:
    files = held.by_key()
    for key, reason in dissenters(held.records.values()).items():
        file, _ = files[key]
        held.refuse(file, reason)
        del held.records[file]


# --- a board --------------------------------------------------------------------------------------------------------


def _check_board(held: Held, file: str, manifest: Manifest, known: Known) -> list[str]:
    """Refuse the board, or single records of it; return what could not be checked."""
    try:
        _check_heading(manifest)
        suite = _suite(manifest, known.menu)
        for reason in _wrong_lines(manifest):
            raise RecordError(reason)
    except BlurbenchError as error:
        held.refuse(file, error)
        del held.boards[file]
        return []
    meanings = _meanings(known.menu, suite) if suite else _first_meanings(held, manifest)
    records = held.by_key()
    for line in manifest.lines:
        if line.key in records and (reason := _misplaced(line, records[line.key][1], manifest, meanings)):
            held.refuse(records[line.key][0], reason)
            held.records.pop(records[line.key][0], None)
    if held.is_bundle:
        _refuse_unlisted(held, manifest)
    if suite is None:
        edition = f"suite {manifest.suite} version {manifest.suite_version}"
        return [f"{edition} is not installed here, so what its labels mean was not checked"]
    return []


def _refuse_unlisted(held: Held, manifest: Manifest) -> None:
    listed = {line.key for line in manifest.lines}
    for file, record in list(held.records.items()):
        if record.key not in listed:
            held.refuse(file, "no line of the board in this bundle is of it")
            del held.records[file]


def _check_heading(manifest: Manifest) -> None:
    """Names become file names, and commands are for people to run."""
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", manifest.suite):
        raise RecordError(f"suite: {_shown(manifest.suite)!r} is no name of a suite")
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*(\[[a-z0-9_=, ]+\])?", manifest.budget):
        raise RecordError(f"budget: {_shown(manifest.budget)!r} is no name of a budget")
    for command in manifest.commands:
        if not _is_harmless(command):
            raise RecordError(f"commands: {_shown(command)!r} is no command of blurbench as it writes them")


def _is_harmless(command: str) -> bool:
    """One call of `blurbench run`, every sign that means something to a shell in quotes."""
    try:
        words = shlex.split(command)
    except ValueError:
        return False
    return words[:2] == ["blurbench", "run"] and shlex.join(words) == command


def _suite(manifest: Manifest, menu: Menu) -> Suite | None:
    """The suite under the board's budget as it is installed here; None where it is not, or in another version."""
    if manifest.suite not in menu.entries["suites"]:
        return None
    found = find(menu, manifest.suite)
    if found.version != manifest.suite_version:
        return None
    suite = found.under(manifest.budget.partition("[")[0])
    if content_digest(suite, manifest.budget_values) != manifest.content:
        raise RecordError(f"content: not that of suite {suite.name} version {suite.version} under this budget")
    if manifest.baseline != suite.baseline:
        raise RecordError(f"baseline: {_shown(manifest.baseline)!r}, but the suite says {suite.baseline!r}")
    return suite


def _wrong_lines(manifest: Manifest) -> Iterator[str]:
    if not manifest.lines:
        yield "lines: there are none"
    for place, count in Counter(line.place() for line in manifest.lines).most_common(1):
        if count > 1:
            yield f"lines: {count} stand at one place, {_shown(place)}"
    blurs = set(manifest.test_blurs)
    for line in manifest.lines:
        if line.test_blur not in blurs:
            yield f"lines: {_shown(line.test_blur)!r} is not one of test_blurs"


Meanings: TypeAlias = dict[str, dict[str, list[dict[str, Any]]]]
"""For each axis and label the plugins, written out, that it stands for."""


def _meanings(menu: Menu, suite: Suite) -> Meanings:
    """As a suite says."""
    axes = Axes.of(menu, suite)
    values = {
        "dataset": axes.datasets,
        "classifier": [value for part in axes.matrix for value in part.classifiers],
        "strategy": [value for part in axes.matrix for value in part.strategies],
        "train_blur": axes.train_blurs,
        "test_blur": axes.test_blurs,
    }
    found: Meanings = {axis: {} for axis in values}
    for axis, named in values.items():
        for value in named:
            found[axis].setdefault(value.label, []).append(spec(menu, value.plugin))
    return found


def _first_meanings(held: Held, manifest: Manifest) -> Meanings:
    """As most records of the board have it, where its suite is not known."""
    counts: dict[tuple[str, str], Counter[str]] = {}
    records = held.by_key()
    for line in manifest.lines:
        if line.key in records:
            for axis, part in parts_of(records[line.key][1]).items():
                counts.setdefault((axis, getattr(line, axis)), Counter())[json.dumps(part.spec, sort_keys=True)] += 1
    found: Meanings = {axis: {} for axis in KINDS}
    for (axis, label), specs in counts.items():
        found[axis][label] = [json.loads(specs.most_common(1)[0][0])]
    return found


def _misplaced(line: Line, record: Record, manifest: Manifest, meanings: Meanings) -> str:
    """Why a record does not belong on its line; empty if it does."""
    if record.seed != line.seed:
        return f"seed: {record.seed}, but the board lists it under {line.seed}"
    if record.budget != manifest.budget_values:
        return "budget: not the board's"
    for axis, part in parts_of(record).items():
        label = getattr(line, axis)
        if (axis, label) == ("train_blur", "") and part.name == "none":
            continue
        if part.spec not in meanings[axis].get(label, []):
            return f"{axis}: {_shown(part.label)}, which is not what the board calls {_shown(label)!r}"
    return ""
