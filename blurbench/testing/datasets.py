"""What a data set promises: the same decoded images every time, in three parts that share none."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from blurbench.contract import Dataset, Split, Splits
from blurbench.registry import Registry
from blurbench.testing.guards import undisturbed
from blurbench.testing.report import Report

__all__ = ["check_dataset"]

PARTS = ("train", "validation", "test")


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
        if _check_parts(report, splits):
            _check_apart(report, splits)
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


def _check_parts(report: Report, splits: Any) -> bool:
    if not report.expect(isinstance(splits, Splits), f"load() gave {type(splits).__name__}", "give Splits"):
        return False
    names = splits.class_names
    report.expect(
        len(set(names)) == len(names) > 1 and isinstance(names, tuple),
        f"class_names are {names!r:.60}",
        "give a tuple of two or more names, all different",
    )
    shapes = {getattr(splits, part).images.shape[1:] for part in PARTS}
    report.expect(
        len(shapes) == 1 and len(next(iter(shapes))) == 3, f"images are {shapes}", "give (N, C, H, W), one size for all"
    )
    checked = [_check_part(report, part, getattr(splits, part), len(names)) for part in PARTS]
    return all(checked)


def _check_part(report: Report, part: str, split: Split, classes: int) -> bool:
    images, labels, recorded = split.images, split.labels, split.recorded
    return report.expect(
        images.dtype == np.uint8 and labels.dtype == np.int64 and labels.shape == (len(images),) and len(images) > 0,
        f"{part} has images {images.dtype} {images.shape} and labels {labels.dtype} {labels.shape}",
        "give uint8 (N, C, H, W) and int64 (N,), at least one",
    ) and all(
        [
            report.expect(
                bool(((labels >= 0) & (labels < classes)).all()),
                f"{part} has labels from {labels.min()} to {labels.max()}",
                f"give positions in class_names, 0 to {classes - 1}",
            ),
            report.expect(
                recorded is None or (recorded.shape == images.shape and recorded.dtype == np.uint8),
                f"{part}: recorded is not as the images",
                "give uint8 of the same shape, or None",
            ),
        ]
    )


def _check_apart(report: Report, splits: Splits) -> None:
    """Some collections hold a few pictures twice; more than that is a part that knows another."""
    for part, other in (("test", "train"), ("test", "validation"), ("validation", "train")):
        known = {image.tobytes() for image in getattr(splits, other).images}
        images = getattr(splits, part).images
        shared = sum(bool(np.ptp(image)) and image.tobytes() in known for image in images)
        report.expect(
            shared <= 0.1 * len(images),
            f"{shared} of {len(images)} {part} images are {other} images, too",
            "give each image to one part only",
        )


def _check_equal(report: Report, one: Splits, other: Splits) -> None:
    same = all(
        np.array_equal(getattr(getattr(one, part), kind), getattr(getattr(other, part), kind))
        for part in PARTS
        for kind in ("images", "labels")
    )
    report.expect(same, "load() gave other images or labels when asked again", "divide and order with a fixed seed")
