"""Decoded data sets, kept in the results folder so that each is decoded once. No torch.

The key of a decoded data set is the plugin, its parameters and the state of its files (path, size, time): as long as
those stay, neither planning nor a worker decodes anything. The fingerprint is the hash of the decoded pixels and
labels; it, not the key, decides what results depend on.
"""

from __future__ import annotations

import errno
import hashlib
import json
import logging
import math
import os
import shutil
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blurbench.contract import Dataset, Shape, Split, Splits
from blurbench.errors import PluginError, RecordError, shortened
from blurbench.registry import Registry, spec
from blurbench.results.store import Store
from blurbench.suites.keys import digest
from blurbench.suites.plan import Data

__all__ = ["PARTS", "describe", "read_splits"]

PARTS = ("train", "validation", "test")
REPEATED = 0.1
"""Up to this share of a part may be in another one, too: collections of real photographs hold a few twice."""


def describe(registry: Registry, store: Store, dataset: Dataset, folders: Sequence[Path]) -> Data:
    """What planning must know, decoding into the store if that was never done. Raises `Unavailable`."""
    files = [(str(path), *_state(path)) for path in dataset.sources(folders)]
    key = digest({"dataset": spec(registry, dataset), "files": files})
    if (found := _read(store, key)) is None:
        with store.locked(key, waiting=lambda: None):
            if (found := _read(store, key)) is None:
                _write(store, key, registry.name_of(dataset), dataset.load(folders))
                found = _read(store, key)
                assert found is not None
    for note in json.loads((store.root / "data" / key / "about.json").read_bytes()).get("notes", ()):
        logging.getLogger("blurbench").warning("%s", shortened(str(note)))
    return found


def _state(path: Path) -> tuple[int, int]:
    state = path.stat()
    return state.st_size, state.st_mtime_ns


def _read(store: Store, key: str) -> Data | None:
    folder = store.root / "data" / key
    try:
        about: dict[str, Any] = json.loads((folder / "about.json").read_bytes())
        shape, classes = Shape(**about["shape"]), len(about["classes"])
        found = Data(key, about["fingerprint"], shape, classes, about["counts"]["train"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    whole = all((folder / f"{part}-{kind}.npy").is_file() for part in PARTS for kind in ("images", "labels"))
    return found if whole else None


def _write(store: Store, key: str, name: str, splits: Splits) -> None:
    notes = _check(name, splits)
    shape = Shape(*splits.train.images.shape[1:])
    with store.building("data", key) as folder:
        for part in PARTS:
            split: Split = getattr(splits, part)
            _save(folder / f"{part}-images.npy", np.ascontiguousarray(split.images))
            _save(folder / f"{part}-labels.npy", split.labels)
            if split.recorded is not None:
                _save(folder / f"{part}-recorded.npy", np.ascontiguousarray(split.recorded))
        about = {
            "name": name,
            "fingerprint": fingerprint(splits),
            "shape": asdict(shape),
            "classes": list(splits.class_names),
            "counts": {part: len(getattr(splits, part)) for part in PARTS},
            "notes": notes,
        }
        (folder / "about.json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")


def _save(path: Path, values: NDArray[Any]) -> None:
    try:
        np.save(path, values)
    except OSError as error:
        if error.errno is not None:
            raise
        # What numpy says where it could not write all of it: "32768 requested and 24448 written".
        raise OSError(errno.ENOSPC, f"{os.strerror(errno.ENOSPC)}: {error}", str(path)) from None


def _check(name: str, splits: Splits) -> list[str]:
    """A data set plugin's answer is checked once, where it enters; what planning says of it each time."""
    sides = {getattr(splits, part).images.shape[1:] for part in PARTS}
    if len(sides) != 1 or len(next(iter(sides))) != 3:
        raise PluginError(f"data set {name}: images must be (N, C, H, W), of one size in all parts")
    for part in PARTS:
        split: Split = getattr(splits, part)
        if split.images.dtype != np.uint8 or split.labels.dtype != np.int64:
            raise PluginError(f"data set {name}: {part} images must be uint8 and labels int64")
        recorded = split.recorded
        if recorded is not None and (recorded.shape != split.images.shape or recorded.dtype != np.uint8):
            raise PluginError(
                f"data set {name}: {part} recorded images must be as the images, uint8 and of their shape"
            )
        if len(split.images) != len(split.labels) or (part == "test" and not len(split)):
            raise PluginError(f"data set {name}: {part} has {len(split.images)} images and {len(split.labels)} labels")
        if len(split) and (split.labels.min() < 0 or split.labels.max() >= len(splits.class_names)):
            raise PluginError(f"data set {name}: {part} has labels outside 0..{len(splits.class_names) - 1}")
    return _check_apart(name, splits)


def _check_apart(name: str, splits: Splits) -> list[str]:
    """Refuse parts that share images: who has seen a test image before is not tested by it. A few are noted."""
    notes = []
    prints = {part: _prints(getattr(splits, part)) for part in PARTS}
    for part, other in (("test", "train"), ("test", "validation"), ("validation", "train")):
        known = set(prints[other])
        images = getattr(splits, part).images
        # Images of one value, such as black ones, are equal without being the same picture.
        again = sum(bool(np.ptp(image)) for image, one in zip(images, prints[part], strict=True) if one in known)
        seen = "training" if other == "train" else other
        shared = f"data set {name}: {again:,} of the {len(images):,} {part} images are {seen} images, too"
        if again > REPEATED * len(images):
            raise PluginError(f"{shared}, byte for byte; give each image to one part only")
        if again:
            notes.append(shared)
    return notes


def _prints(split: Split) -> list[bytes]:
    """A hash of each image."""
    images = np.ascontiguousarray(split.images).reshape(len(split.images), math.prod(split.images.shape[1:]))
    return [hashlib.blake2b(image.data, digest_size=16).digest() for image in images]


def _read_part(folder: Path, part: str) -> Split:
    recorded = folder / f"{part}-recorded.npy"
    return Split(
        _mapped(folder / f"{part}-images.npy"),
        np.load(folder / f"{part}-labels.npy"),
        _mapped(recorded) if recorded.is_file() else None,
    )


def _mapped(path: Path) -> NDArray[np.uint8]:
    """An array on disk, read as it is needed; one without images cannot be mapped."""
    array: NDArray[np.uint8] = np.load(path, mmap_mode="r" if path.stat().st_size > SMALL else None)
    return array


SMALL = 2**16
"""Bytes."""


def fingerprint(splits: Splits) -> str:
    """The SHA-256 of all decoded pixels and labels."""
    found = hashlib.sha256()
    for part in PARTS:
        split: Split = getattr(splits, part)
        found.update(f"{part}{split.images.shape}".encode())
        found.update(np.ascontiguousarray(split.images).data)
        found.update(np.ascontiguousarray(split.labels).data)
        if split.recorded is not None:
            found.update(np.ascontiguousarray(split.recorded).data)
    return found.hexdigest()


def read_splits(store: Store, key: str) -> dict[str, Split]:
    """The decoded parts of the data set under `key`, mapped from disk. Raises RecordError where they were changed."""
    folder = store.root / "data" / key
    splits = {part: _read_part(folder, part) for part in PARTS}
    about = json.loads((folder / "about.json").read_bytes())
    if fingerprint(Splits(**splits, class_names=tuple(about["classes"]))) != about["fingerprint"]:
        shutil.rmtree(folder)  # decoded anew by the next run
        raise RecordError("the decoded images in the results folder were damaged; run again with --rerun failed")
    return splits
