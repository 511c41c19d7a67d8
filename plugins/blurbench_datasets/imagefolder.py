"""Your own pictures: a folder or a zip file with one folder a class.

Looked for are PLACE/train/CLASS/FILE with PLACE/test/CLASS/FILE, PLACE/val/CLASS/FILE or both, or PLACE/CLASS/FILE,
which is then split at random, class by class. Where there is one part beside `train`, it tests. ImageNet-2012's folders
come out in its own class order, which is that of the sorted folder names. Images are decoded once, one after the other,
to disk where they are many; a run reads from there the share that its budget asks for.

Of each picture the central square is reduced (or enlarged) to `side` pixels, bilinearly. Turned as its EXIF data say;
palettes are looked up, CMYK becomes RGB, 16 bits become 8, transparent pixels show black, animations their first frame.
"""

from __future__ import annotations

import io
import math
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryFile, gettempdir
from typing import TYPE_CHECKING, Annotated, ClassVar, TypeAlias
from zipfile import BadZipFile, ZipFile

from blurbench import hookimpl
from blurbench.contract import Dataset, Fraction, Pixels, Split, Splits
from blurbench.errors import Unavailable, UsageError
from blurbench.imaging.files import ENDINGS
from blurbench_datasets.splitting import SEED, balanced_order

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

IN_MEMORY = 2**29
"""Bytes of decoded images that are gathered in memory; more go through a temporary file."""
PARTS = {"train": "train", "val": "validation", "valid": "validation", "validation": "validation", "test": "test"}

Files: TypeAlias = list[tuple[str, str]]
"""Names of files inside the place, and their classes."""


@dataclass(frozen=True)
class ImageFolder(Dataset):
    """Classes are the folders' names, sorted. Two such sets count as related, since nobody knows what is in them: a
    remedy fitted on one is not tested on the other."""

    path: str = "images"
    """The folder or zip file: absolute, or inside a data folder."""
    side: Annotated[int, Pixels(1, 1024)] = 64
    grey: bool = False
    validation: Annotated[float, Fraction(0.001, 0.9)] = 0.1
    """The share of each class's training images that is held out to validate, where the place has no such part."""
    test: Annotated[float, Fraction(0.001, 0.9)] = 0.2
    """The share of each class's images that tests, where the place has no parts."""

    lineage: ClassVar[frozenset[str]] = frozenset({"imagefolder"})
    licence: ClassVar[str] = "as your pictures'"
    about: ClassVar[str] = "your own pictures, one folder a class, any size, colour or grey"

    def sources(self, folders: Sequence[Path]) -> tuple[Path, ...]:
        place = self._place(folders)
        return (place,) if place.is_file() else tuple(place / name for name in _names(place))

    def _place(self, folders: Sequence[Path]) -> Path:
        places = [folder / self.path for folder in folders] or [Path(self.path)]
        for place in places:
            if place.is_dir() or place.is_file():
                return place
        raise self._missing()

    def _missing(self) -> Unavailable:
        return Unavailable(
            f"imagefolder: {self.path} is not in any data folder; give the folder or zip file of your pictures as "
            "path=, absolute or inside a folder that --data-dir or BLURBENCH_DATA names"
        )

    def fetch(self, folder: Path) -> None:
        raise self._missing()

    def load(self, folders: Sequence[Path]) -> Splits:
        """Raises UsageError for a file that cannot be decoded, a place laid out otherwise and too many images."""
        place = self._place(folders)
        files = sorted_into_parts(place, _names(place))
        class_names = tuple(sorted({name for _, name in files["train"]}))
        parts = self._three(place, files)
        self._check(place, parts, class_names)
        with _opened(place) as content:
            train, validation, test = (self._decoded(place, content, part, class_names) for part in parts)
        return Splits(train, validation, test, class_names)

    def _three(self, place: Path, files: Mapping[str, Files]) -> tuple[Files, Files, Files]:
        if "validation" in files and "test" in files:
            return files["train"], files["validation"], files["test"]
        if "validation" in files or "test" in files:
            train, validation = set_aside(files["train"], self.validation)
            return train, validation, files.get("test") or files["validation"]
        learning, test = set_aside(files["train"], self.test)
        train, validation = set_aside(learning, self.validation)
        return train, validation, test

    def _check(self, place: Path, parts: Sequence[Files], class_names: Sequence[str]) -> None:
        if not all(parts):
            raise UsageError(f"{place}: too few images to train, validate and test")
        for name, label in [file for part in parts for file in part]:
            if label not in class_names:
                raise UsageError(f"{place}: {name} is of class {label!r}, of which there is no training image")
        count = sum(map(len, parts))
        size = count * (1 if self.grey else 3) * self.side**2
        # Twice: here while they are decoded, and in the results folder.
        if (free := shutil.disk_usage(gettempdir()).free) < 2 * size:
            raise UsageError(
                f"{place}: {count:,} images of {self.side} pixels take {size / 2**30:.1f} GiB, twice while they are "
                f"decoded, and {gettempdir()} has {free / 2**30:.1f} GiB free; choose a smaller side or set TMPDIR"
            )

    def _decoded(self, place: Path, content: Callable[[str], bytes], files: Files, class_names: Sequence[str]) -> Split:
        import numpy as np

        labels = np.array([class_names.index(label) for _, label in files], np.int64)
        order = balanced_order(labels)
        images = _room((len(files), 1 if self.grey else 3, self.side, self.side))
        for row, index in enumerate(order):
            name = files[index][0]
            try:
                images[row] = decoded(content(name), self.side, self.grey)
            except Exception as error:  # a damaged file may raise anything
                raise UsageError(f"{place / name}: cannot be decoded ({' '.join(str(error).split())})") from None
        return Split(images, labels[order])


def _room(shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """An array to be filled, on disk where it is big; the file has no name, so it goes when the array goes."""
    import numpy as np

    if math.prod(shape) <= IN_MEMORY:
        return np.empty(shape, np.uint8)
    with TemporaryFile() as file:
        return np.memmap(file, np.uint8, "w+", shape=shape)


# --- files ---------------------------------------------------------------------------------------------------------


def _names(place: Path) -> list[str]:
    """The names of all image files inside, sorted, with forward slashes."""
    if place.is_file():
        with _zip(place) as archive:
            names = archive.namelist()
    else:
        names = [file.relative_to(place).as_posix() for depth in ("*/*", "*/*/*") for file in place.glob(depth)]
    return sorted(name for name in names if _is_image(name))


def _is_image(name: str) -> bool:
    folders = name.split("/")
    hidden = any(folder.startswith(".") for folder in folders) or folders[0] == "__MACOSX"
    return not hidden and "." + name.rpartition(".")[2].lower() in ENDINGS


def _zip(place: Path) -> ZipFile:
    try:
        return ZipFile(place)
    except (BadZipFile, OSError) as error:
        raise UsageError(f"{place}: cannot be read as a zip file ({error})") from None


@contextmanager
def _opened(place: Path) -> Iterator[Callable[[str], bytes]]:
    """What gives the bytes of a file by its name."""
    if place.is_file():
        with _zip(place) as archive:
            yield archive.read
    else:
        yield lambda name: (place / name).read_bytes()


def sorted_into_parts(place: Path, names: Sequence[str]) -> dict[str, Files]:
    """The files of `train` and, where there are such folders, `validation` and `test`; raises UsageError otherwise."""
    folders = [name.split("/")[:-1] for name in names]
    if not names:
        raise UsageError(f"{place}: no image in PART/CLASS/FILE or CLASS/FILE")
    # A zip file often holds all in one folder.
    if (
        folders[0]
        and folders[0][0] not in PARTS
        and all(len(path) > 1 and path[0] == folders[0][0] for path in folders)
    ):
        folders = [path[1:] for path in folders]
    depth = 2 if any(path[0] in PARTS for path in folders if path) else 1
    files: dict[str, Files] = {}
    for name, path in zip(names, folders, strict=True):
        if len(path) != depth or (depth == 2 and path[0] not in PARTS):
            raise UsageError(f"{place}: {name} is not in {'train, val or test/CLASS' if depth == 2 else 'CLASS'}/")
        files.setdefault(PARTS[path[0]] if depth == 2 else "train", []).append((name, path[-1]))
    if "train" not in files:
        raise UsageError(f"{place}: there is no folder train beside {', '.join(files)}")
    return files


def set_aside(files: Files, share: float) -> tuple[Files, Files]:
    """All other files and a share of each class, drawn at random: at least one of a class, but never its last."""
    import numpy as np

    draws, others, aside = np.random.RandomState(SEED), Files(), Files()
    for _, of_class in groupby(sorted(files, key=lambda file: file[1]), key=lambda file: file[1]):
        members = list(of_class)
        count = min(len(members) - 1, max(1, round(share * len(members))))
        order = draws.permutation(len(members))
        aside += [members[index] for index in order[:count]]
        others += [members[index] for index in order[count:]]
    return others, aside


# --- pixels --------------------------------------------------------------------------------------------------------


def decoded(content: bytes, side: int, grey: bool) -> NDArray[np.uint8]:
    """The central square of a picture as (C, side, side)."""
    import numpy as np
    from PIL import Image, ImageOps

    with Image.open(io.BytesIO(content)) as file:
        picture = plain(ImageOps.exif_transpose(file)).convert("L" if grey else "RGB")
    short = min(picture.size)
    left, top = (picture.width - short) / 2, (picture.height - short) / 2
    square = picture.resize((side, side), Image.Resampling.BILINEAR, (left, top, left + short, top + short))
    return np.atleast_3d(np.asarray(square)).transpose(2, 0, 1)


def plain(picture: Image) -> Image:
    """Eight bits a colour, nothing transparent."""
    import numpy as np
    from PIL import Image

    if picture.mode.startswith("I"):
        values = np.asarray(picture)
        if values.min() < 0 or values.max() > 65535:
            raise ValueError("its values do not fit into 16 bits")
        return Image.fromarray(np.round(values / 257).astype(np.uint8))
    if picture.mode == "F":
        raise ValueError("its values are floating-point numbers, of unknown range")
    if picture.mode.upper() in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        shown = picture.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", shown.size, (0, 0, 0, 255)), shown)
    return picture


@hookimpl
def register_datasets(register: Callable[[str, type[Dataset]], None]) -> None:
    register("imagefolder", ImageFolder)
