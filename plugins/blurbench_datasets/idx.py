"""Data sets in the idx format of MNIST, where torchvision puts them: four files, gzipped or not."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from blurbench.contract import Dataset, Fraction, Split, Splits
from blurbench.errors import UsageError
from blurbench.imaging.files import decoding_error
from blurbench_datasets.availability import downloading, missing
from blurbench_datasets.splitting import held_out
from blurbench_datasets.unpacking import unpacking

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SYSTEM_FOLDER = Path("/usr/share/datasets")
"""Where Debian's `dataset-*` packages put their files; looked at after the user's own folders."""


MOST_BYTES = 2**28
"""Of a file, unpacked: EMNIST's images take 88 million."""
SIDE = 28


@dataclass(frozen=True)
class IdxDataset(Dataset):
    """Four idx files. `validation` is the share of the official training images that is held out to validate."""

    validation: Annotated[float, Fraction(0.001, 0.9)] = 0.1

    title: ClassVar[str]
    """The name on the registry."""
    torchvision_name: ClassVar[str]
    """The class in torchvision.datasets, which is also the folder that it makes."""
    torchvision_options: ClassVar[dict[str, Any]] = {}
    prefixes: ClassVar[tuple[str, str]] = ("train", "t10k")
    transposed: ClassVar[bool] = False
    """True where the files hold columns for rows."""
    class_names: ClassVar[tuple[str, ...]]
    debian_package: ClassVar[str] = ""

    def sources(self, folders: Sequence[Path]) -> tuple[Path, ...]:
        names = [f"{prefix}-{kind}" for prefix in self.prefixes for kind in ("images-idx3-ubyte", "labels-idx1-ubyte")]
        lacking = names[0]
        for place in self._places([*folders, SYSTEM_FOLDER]):
            found = {name: _plain_or_gzipped(place / name) for name in names}
            paths = tuple(path for path in found.values() if path)
            if len(paths) == len(names):
                return paths
            if paths:
                lacking = next(name for name in names if not found[name])
        also = f" or 'apt install {self.debian_package}'" if self.debian_package else ""
        raise missing(self.title, f"{self.torchvision_name}/raw/{lacking}[.gz]", also)

    def _places(self, folders: Sequence[Path]) -> Iterator[Path]:
        # A folder itself is looked into only if it bears the set's name: MNIST's and Fashion-MNIST's files do not.
        names = (self.torchvision_name, self.title)
        for folder in folders:
            for place in [folder / name for name in names] + [folder] * (folder.name in names):
                yield from (place / "raw", place)

    def load(self, folders: Sequence[Path]) -> Splits:
        train_images, train_labels, test_images, test_labels = self.sources(folders)
        official = self._read(train_images, train_labels)
        train, validation = held_out(len(official), self.validation)
        return Splits(
            Split(official.images[train], official.labels[train]),
            Split(official.images[validation], official.labels[validation]),
            self._read(test_images, test_labels),
            self.class_names,
        )

    def _read(self, image_file: Path, label_file: Path) -> Split:
        images, labels = read_idx(image_file, 3), read_idx(label_file, 1)
        if len(images) != len(labels):
            raise UsageError(f"{label_file}: {len(labels)} labels for {len(images)} images; get both anew")
        if images.shape[1:] != (SIDE, SIDE):
            size = f"{images.shape[2]}x{images.shape[1]}"
            raise UsageError(f"{image_file}: images of {size} pixels, wanted {SIDE}x{SIDE}; get it anew")
        if labels.max() >= len(self.class_names):
            raise UsageError(
                f"{label_file}: label {labels.max()}, but there are {len(self.class_names)} classes; get it anew"
            )
        if self.transposed:
            images = images.transpose(0, 2, 1)
        return Split(images[:, None].copy(), labels.astype("int64"))

    def fetch(self, folder: Path) -> None:
        from torchvision import datasets

        with downloading(self.title):
            getattr(datasets, self.torchvision_name)(folder, download=True, **self.torchvision_options)


def _plain_or_gzipped(path: Path) -> Path | None:
    return next((file for file in (path, path.with_name(path.name + ".gz")) if file.is_file()), None)


def read_idx(path: Path, dimensions: int) -> NDArray[np.uint8]:
    """The unsigned bytes in an idx file of so many dimensions; raises UsageError, naming the file, if it is damaged."""
    import numpy as np

    try:
        with unpacking(path) as file:
            shape = _stated_shape(path, file.read(4 * (dimensions + 1)), dimensions)
            values = np.frombuffer(file.read(prod(shape) + 1), np.uint8)
    except (OSError, EOFError, zlib.error) as error:
        raise UsageError(f"{path}: cannot be read ({decoding_error(error)}); get it anew") from None
    if len(values) != prod(shape):
        count = f"{len(values)} bytes{' or more' if len(values) > prod(shape) else ''}"
        raise UsageError(f"{path}: damaged, {count} follow the header, which promises {prod(shape)}; get it anew")
    return values.reshape(shape)


def _stated_shape(path: Path, header: bytes, dimensions: int) -> tuple[int, ...]:
    """The sizes in a header, which are looked at before anything of the sort is read."""
    import struct

    if len(header) < 4 * (dimensions + 1) or header[:4] != bytes((0, 0, 8, dimensions)):
        plural = "s" * (dimensions > 1)
        raise UsageError(f"{path}: not an idx file of bytes in {dimensions} dimension{plural}; get it anew")
    shape: tuple[int, ...] = struct.unpack(f">{dimensions}i", header[4:])
    if min(shape) < 1 or prod(shape) > MOST_BYTES:
        sizes = " x ".join(map(str, shape))
        raise UsageError(f"{path}: damaged, {prod(shape)} bytes are promised by its header ({sizes}); get it anew")
    return shape
