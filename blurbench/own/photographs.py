"""A folder of somebody's pictures and their classes, and whether a network answers these."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from blurbench.contract import Classifier, Labelled, Shape
from blurbench.errors import BlurbenchError, PluginError, UsageError, shortened
from blurbench.imaging.files import find_pictures
from blurbench.registry import Registry

__all__ = ["Photographs", "check_network", "photographs_in"]

ANY_SIDE = 64
"""Pixels: which pictures there are does not depend on it."""


@dataclass(frozen=True, eq=False)
class Photographs:
    """Pictures in a folder; with their classes, where it has one folder a class."""

    folder: Path
    pictures: tuple[Path, ...]
    labels: Mapping[Path, str]
    class_names: tuple[str, ...]
    """Of the network, in the order of its outputs: the pictures need not have all of them."""
    classes: Path
    """Where these names are from: a file, or a folder with a folder a class."""
    lacking: str = ""
    """What it lacks to be measured on; empty where nothing."""


def photographs_in(registry: Registry, folder: Path, classes: Path | None = None) -> Photographs:
    """Where the folder has parts, those that test. `classes` names the network's classes where the folder lacks some:
    a text file with one a line, or the folder that it was trained on.

    Raises:
        UsageError: there is no folder or no picture, or a class is none of the network's.
    """
    if not folder.is_dir():
        what = "this is no folder" if folder.exists() else "there is no such folder"
        raise UsageError(f"{folder}: {what}; give one with a folder a class in it")
    everything = find_pictures([str(folder)]).pictures
    try:
        dataset = registry.folder_dataset(folder.absolute(), ANY_SIDE, classes)
        dataset.sources(())  # which says what it does not take
        labelled = dataset.tested(())
    except BlurbenchError as error:
        if classes is not None:
            raise
        return Photographs(folder, everything, {}, (), folder, _no_labels(folder, everything, error))
    assert labelled is not None
    return _labelled(folder, labelled, classes or folder)


def _labelled(folder: Path, labelled: Labelled, classes: Path) -> Photographs:
    absolute = folder.absolute()
    labels = {folder / path.relative_to(absolute): label for path, label in labelled.pictures}
    one = "one class only: put the pictures of each class into a folder of its own, or name the network's (--classes)"
    lacking = one if len(labelled.class_names) < 2 else ""
    return Photographs(folder, tuple(sorted(labels)), labels, labelled.class_names, classes, lacking)


def _no_labels(folder: Path, pictures: tuple[Path, ...], error: BlurbenchError) -> str:
    if all(path.parent == folder for path in pictures):
        return "no labels: put the pictures into one folder a class, FOLDER/CLASS/FILE"
    return f"no labels: {error}"


def check_network(registry: Registry, classifier: str, side: int, classes: int) -> None:
    """Raises BlurbenchError where the network that an expression names cannot be asked for so many classes as it is."""
    network: Classifier = registry.resolve("classifiers", classifier)
    if not network.has_weights(classes):
        raise UsageError(
            f"{classifier} has no weights for {classes} classes, and nothing is fitted here: give a trained network, "
            "and --classes where the pictures lack some of its classes"
        )
    try:
        network.build(Shape(3, side, side), classes)
    except BlurbenchError:
        raise
    except Exception as error:  # whatever a stranger's code raises
        raise PluginError(f"{classifier}: {type(error).__name__}: {shortened(str(error))}") from None
