"""What a data set promises: the same decoded images every time, in three parts that share none."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from blurbench.contract import Dataset, Splits
from blurbench.errors import PluginError
from blurbench.registry import Registry
from blurbench.store.dataset_cache import SPLITS, check_splits
from blurbench.testing.guards import undisturbed
from blurbench.testing.report import Report

__all__ = ["check_dataset"]


def check_dataset(report: Report, registry: Registry, dataset: Dataset) -> None:
    """Read a data set twice, from the folders in BLURBENCH_DATA; what is not there cannot be checked."""
    for name in ("licence", "about"):
        text: Any = getattr(dataset, name)
        report.expect(
            isinstance(text, str) and bool(text),
            f"it does not say its {name}",
            f"set {name}: ClassVar[str]; `blurbench data ls` shows it",
        )
    report.expect(
        bool(dataset.lineage) and isinstance(dataset.lineage, frozenset),
        "lineage is empty, so that a restorer fitted on a relative may be tested on it",
        "name the collections that its images come from: lineage: ClassVar[frozenset[str]] = frozenset({...})",
    )
    folders = tuple(Path(one) for one in os.environ.get("BLURBENCH_DATA", "").split(os.pathsep) if one)
    with report.trying("its files"):
        sources, splits = dataset.sources(folders), dataset.load(folders)
        _check_sources(report, sources)
        _check_parts(report, registry.name_of(dataset), splits)
        # Watched the second time: some libraries draw when they are imported.
        with undisturbed(report, "sources()"):
            report.expect(
                sources == dataset.sources(folders), "sources() gave other files when asked again", "sort them"
            )
        with undisturbed(report, "load()"):
            _check_equal(report, splits, dataset.load(folders))


def _check_sources(report: Report, sources: Any) -> None:
    report.expect(
        isinstance(sources, tuple) and bool(sources) and all(isinstance(one, Path) and one.exists() for one in sources),
        "sources() does not give the files that decide what load() returns",
        "give a tuple of paths that exist, or raise Unavailable(what is missing, and how to get it)",
    )


def _check_parts(report: Report, name: str, splits: Any) -> None:
    """What a run refuses is a finding, in the same words."""
    if not report.expect(isinstance(splits, Splits), f"load() gave {type(splits).__name__}", "give Splits"):
        return
    names = splits.class_names
    report.expect(
        len(set(names)) == len(names) > 1 and isinstance(names, tuple),
        f"class_names are {names!r:.60}",
        "give a tuple of two or more names, all different",
    )
    try:
        check_splits(name, splits)
    except PluginError as error:
        report.found(str(error), "a run refuses it")


def _check_equal(report: Report, one: Splits, other: Splits) -> None:
    same = all(
        np.array_equal(getattr(getattr(one, part), kind), getattr(getattr(other, part), kind))
        for part in SPLITS
        for kind in ("images", "labels")
    )
    report.expect(same, "load() gave other images or labels when asked again", "divide and order with a fixed seed")
