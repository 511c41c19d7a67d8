"""Data sets in the idx format of MNIST, where torchvision puts them: four files, gzipped or not."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from blurbench.contract import Dataset, Fraction, Split, Splits
from blurbench.errors import UsageError
from blurbench_datasets.availability import downloading, missing
from blurbench_datasets.splitting import held_out

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SYSTEM_FOLDER = Path("/usr/share/datasets")
"""Where Debian's `dataset-*` packages put their files; looked at after the user's own folders."""


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
            raise UsageError(f"{label_file}: {len(labels)} labels for {len(images)} images")
        if labels.max() >= len(self.class_names):
            raise UsageError(f"{label_file}: label {labels.max()}, but there are {len(self.class_names)} classes")
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

    content = _bytes(path)
    header = np.frombuffer(content[: 4 * (dimensions + 1)], ">i4") if len(content) >= 4 * (dimensions + 1) else None
    if header is None or header[0] != 0x800 + dimensions:
        raise UsageError(f"{path}: not an idx file of bytes in {dimensions} dimension{'s' * (dimensions > 1)}")
    shape = tuple(map(int, header[1:]))
    values = np.frombuffer(content, np.uint8, offset=header.nbytes)
    if len(values) != prod(shape) or not len(values):
        raise UsageError(f"{path}: damaged, {len(values)} bytes follow the header, which promises {prod(shape)}")
    return values.reshape(shape)


def _bytes(path: Path) -> bytes:
    try:
        return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError, zlib.error) as error:
        raise UsageError(f"{path}: cannot be read ({error})") from None
