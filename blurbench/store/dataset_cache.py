"""Decoded data sets, kept in the results folder so that each is decoded once. No torch.

The key of a decoded data set is the plugin, its parameters and the state of its files (path, size, time): as long as
those stay, neither planning nor a worker decodes anything. Of a great many files planning looks at their folders, whose
time changes where a file comes, goes or is renamed, and at a sample of the files: where a few are overwritten in place,
what was decoded before stays in use. The fingerprint is the hash of the decoded pixels and labels; it, not the key,
decides what results depend on. It is taken when the data set is decoded, and again where a file of the cache has
changed since.
"""

from __future__ import annotations

import errno
import hashlib
import json
import logging
import math
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blurbench.contract import Dataset, Shape, Split, Splits
from blurbench.errors import PluginError, RecordError, shortened
from blurbench.matrix.cell import Data
from blurbench.matrix.keys import digest
from blurbench.registry import Registry, config
from blurbench.store.files import building, is_regular, write_atomically
from blurbench.store.store import Store

__all__ = ["SPLITS", "check_splits", "class_names", "decoded_before", "describe", "restored_splits"]

SPLITS = ("train", "validation", "test")
METADATA = "about.json"
TRIES = 3
REPEATED = 0.1
"""Up to this share of a split may be in another one, too: collections of real photographs hold a few twice."""


def describe(registry: Registry, store: Store, dataset: Dataset, folders: Sequence[Path]) -> Data:
    """What planning must know, decoding into the store if that was never done. Raises `Unavailable`."""
    glance = _Glance.of(registry, store, dataset, folders)
    key = glance.key()
    known = None if key is None else _read(store, key)
    if key is None or known is None:
        looked = time.time_ns()
        files = [(_text(path), *_state(path)) for path in dataset.sources(folders)]
        key = digest({"dataset": config(registry, dataset), "files": files})
        known = _read(store, key)
        if len(files) >= MANY:
            glance.remember(key, dataset.places(folders), files, looked)
    for _ in range(TRIES):  # where locks do not hold, somebody else may be about to put theirs in its place
        if known is not None:
            break
        with store.locked(key):
            if _read(store, key) is None:
                splits = dataset.load(folders)
                _write(store, key, registry.name_of(dataset), splits, lambda: _read(store, key) is not None)
            known = _read(store, key)
    if known is None:
        raise RecordError("the decoded images in the results folder cannot be read")
    for note in _notes(store, key):
        logging.getLogger("blurbench").warning("%s", shortened(str(note)))
    return known


def restored_splits(
    registry: Registry, store: Store, dataset: Dataset, data: Data, folders: Sequence[Path]
) -> dict[str, Split]:
    """The decoded splits, decoded again where the cache is damaged or gone. Raises RecordError where the data set is
    another one by now."""
    try:
        splits = read_splits(store, data.key)
        if _stated(store, data.key)["fingerprint"] == data.fingerprint:
            return splits
    except RecordError:
        pass
    with store.locked(data.key):
        _write(store, data.key, registry.name_of(dataset), dataset.load(folders))
    if _stated(store, data.key)["fingerprint"] != data.fingerprint:
        raise RecordError(
            f"the images of {registry.name_of(dataset)} are not those that the run was planned with; run again"
        )
    return read_splits(store, data.key)


def decoded_before(store: Store, fingerprint: str) -> Data | None:
    """What planning must know of a data set whose files are gone, where its decoded images are here still."""
    for folder in sorted((store.root / "data").glob("[0-9a-f]*")):
        if (data := _read(store, folder.name)) is not None and data.fingerprint == fingerprint:
            return data
    return None


def class_names(store: Store, key: str) -> tuple[str, ...]:
    """The classes of the decoded data set under `key`, in the order of their labels. Raises RecordError where its
    description is damaged."""
    return tuple(map(str, _stated(store, key)["classes"]))


def _state(path: Path) -> tuple[int, int]:
    state = path.stat()
    return state.st_size, state.st_mtime_ns


def _text(path: Path) -> str:
    return os.fsencode(path).decode("utf-8", "backslashreplace")


MANY = 10_000
"""Files from which on planning does not look at each."""
SAMPLED = 1_000
SETTLED = 2 * 10**9
"""Nanoseconds: a folder that changed so shortly before it was listed may change again and show the same time."""


@dataclass(frozen=True)
class _Glance:
    """Under which key a data set of a great many files was found the last time, and how its folders looked then."""

    path: Path

    @classmethod
    def of(cls, registry: Registry, store: Store, dataset: Dataset, folders: Sequence[Path]) -> _Glance:
        """Relative paths mean other files elsewhere."""
        asked = {"dataset": config(registry, dataset), "folders": [str(Path.cwd()), *map(str, folders)]}
        return cls(store.root / "data" / f"seen-{digest(asked)}.json")

    def key(self) -> str | None:
        """The key, where all folders and the sampled files look as they did."""
        try:
            seen = json.loads(self.path.read_bytes() if is_regular(self.path) else b"")
            seal, key = seen.pop("seal"), str(seen["key"])
            same = seal == digest(seen) and all(list(_state(Path(name))) == state for name, state in seen["states"])
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return None
        return key if same else None

    def remember(self, key: str, places: Sequence[Path], files: Sequence[tuple[str, int, int]], looked: int) -> None:
        """Keep how the folders look now, unless one of them changed about when, or since, they were listed."""
        states = [(str(place), _state(place)) for place in places]
        if not states or any(changed >= looked - SETTLED for _, (_, changed) in states):
            return
        sample = files[:: max(1, len(files) // SAMPLED)]
        seen = {"key": key, "states": [*states, *((name, (size, changed)) for name, size, changed in sample)]}
        write_atomically(self.path, json.dumps({**seen, "seal": digest(seen)}) + "\n")


def _folder(store: Store, key: str) -> Path:
    return store.root / "data" / key


def _stated(store: Store, key: str) -> dict[str, Any]:
    """What the cache says of a data set. Raises RecordError where it is damaged."""
    path = _folder(store, key) / METADATA
    try:
        metadata: dict[str, Any] = json.loads(path.read_bytes() if is_regular(path) else b"")
        Shape(**metadata["shape"])
        seal = metadata.pop("seal")
        whole = seal == digest(metadata) and all(isinstance(metadata[name], kind) for name, kind in FIELDS.items())
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        whole = False
    if not whole:
        raise RecordError("the decoded images in the results folder are damaged")
    return metadata


def _notes(store: Store, key: str) -> Sequence[object]:
    try:
        return tuple(_stated(store, key).get("notes", ()))
    except RecordError:
        return ()


FIELDS = {"fingerprint": str, "classes": list, "counts": dict, "states": dict}


def _read(store: Store, key: str) -> Data | None:
    folder = _folder(store, key)
    try:
        metadata = _stated(store, key)
        counts = metadata["counts"]
        shape, classes = Shape(**metadata["shape"]), len(metadata["classes"])
        data = Data(key, metadata["fingerprint"], shape, classes, counts["train"], counts["test"])
    except (RecordError, KeyError):
        return None
    return data if all(is_regular(folder / name) for name in metadata["states"]) else None


def _write(store: Store, key: str, name: str, splits: Splits, is_there: Callable[[], bool] = lambda: False) -> None:
    notes = check_splits(name, splits)
    shape = Shape(*splits.train.images.shape[1:])
    with building(_folder(store, key), is_there) as folder:
        for split_name in SPLITS:
            split: Split = getattr(splits, split_name)
            _save(folder / f"{split_name}-images.npy", np.ascontiguousarray(split.images))
            _save(folder / f"{split_name}-labels.npy", split.labels)
            if split.recorded is not None:
                _save(folder / f"{split_name}-recorded.npy", np.ascontiguousarray(split.recorded))
        metadata = {
            "name": name,
            "fingerprint": fingerprint(splits),
            "shape": asdict(shape),
            "classes": list(splits.class_names),
            "counts": {split_name: len(getattr(splits, split_name)) for split_name in SPLITS},
            "notes": notes,
            "states": {path.name: _state(path) for path in sorted(folder.iterdir())},
        }
        sealed = {**metadata, "seal": digest(metadata)}  # planning believes it without looking at the arrays
        (folder / METADATA).write_text(json.dumps(sealed, indent=1) + "\n", encoding="utf-8")


def _save(path: Path, values: NDArray[Any]) -> None:
    try:
        np.save(path, values)
    except OSError as error:
        if error.errno is not None:
            raise
        # What numpy says where it could not write all of it: "32768 requested and 24448 written".
        raise OSError(errno.ENOSPC, f"{os.strerror(errno.ENOSPC)}: {error}", str(path)) from None


def check_splits(name: str, splits: Splits) -> list[str]:
    """Refuse what a data set plugin must not answer; what planning says of it each time. Raises PluginError."""
    sides = {getattr(splits, part).images.shape[1:] for part in SPLITS}
    if len(sides) != 1 or len(next(iter(sides))) != 3:
        raise PluginError(f"data set {name}: images must be (N, C, H, W), of one size in all parts")
    for part in SPLITS:
        split: Split = getattr(splits, part)
        if split.images.dtype != np.uint8 or split.labels.dtype != np.int64:
            raise PluginError(f"data set {name}: {part} images must be uint8 and labels int64")
        recorded = split.recorded
        if recorded is not None and (recorded.shape != split.images.shape or recorded.dtype != np.uint8):
            raise PluginError(
                f"data set {name}: {part} recorded images must be as the images, uint8 and of their shape"
            )
        if split.labels.shape != split.images.shape[:1] or (part == "test" and not len(split)):
            raise PluginError(f"data set {name}: {part} has {len(split.images)} images and {len(split.labels)} labels")
        if len(split) and (split.labels.min() < 0 or split.labels.max() >= len(splits.class_names)):
            raise PluginError(f"data set {name}: {part} has labels outside 0..{len(splits.class_names) - 1}")
    return _check_apart(name, splits)


def _check_apart(name: str, splits: Splits) -> list[str]:
    """Refuse parts that share images: who has seen a test image before is not tested by it. A few are noted."""
    notes = []
    prints = {part: _prints(getattr(splits, part)) for part in SPLITS}
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


def _read_split(folder: Path, name: str) -> Split:
    recorded = folder / f"{name}-recorded.npy"
    return Split(
        _mapped(folder / f"{name}-images.npy"),
        np.load(folder / f"{name}-labels.npy"),
        _mapped(recorded) if recorded.is_file() else None,
    )


SMALL = 2**16
"""Bytes."""


def _mapped(path: Path) -> NDArray[np.uint8]:
    """An array on disk, read as it is needed; one without images cannot be mapped."""
    array: NDArray[np.uint8] = np.load(path, mmap_mode="r" if path.stat().st_size > SMALL else None)
    return array


def fingerprint(splits: Splits) -> str:
    """The SHA-256 of all decoded pixels and labels."""
    found = hashlib.sha256()
    for part in SPLITS:
        split: Split = getattr(splits, part)
        found.update(f"{part}{split.images.shape}".encode())
        found.update(np.ascontiguousarray(split.images).data)
        found.update(np.ascontiguousarray(split.labels).data)
        if split.recorded is not None:
            found.update(np.ascontiguousarray(split.recorded).data)
    return found.hexdigest()


def read_splits(store: Store, key: str) -> dict[str, Split]:
    """The decoded splits of the data set under `key`, mapped from disk. Raises RecordError where they are damaged."""
    folder = _folder(store, key)
    metadata = _stated(store, key)
    try:
        splits = {name: _read_split(folder, name) for name in SPLITS}
        for name, split in splits.items():
            _check_arrays(split, metadata["counts"][name])
        unchanged = all(list(_state(folder / name)) == state for name, state in metadata["states"].items())
        found = metadata["fingerprint"] if unchanged else fingerprint(Splits(**splits, class_names=()))
    except (OSError, ValueError, KeyError, TypeError, EOFError, AttributeError) as error:
        raise RecordError(f"the decoded images in the results folder are damaged: {error}") from None
    if found != metadata["fingerprint"]:
        raise RecordError("the decoded images in the results folder were changed")
    return splits


def _check_arrays(split: Split, count: int) -> None:
    """Raises ValueError for arrays that `_write` did not write."""
    if split.images.dtype != np.uint8 or split.images.ndim != 4 or split.labels.dtype != np.int64:
        raise ValueError("not images and labels")
    if not len(split.images) == len(split.labels) == count:
        raise ValueError("not as many as there were")
