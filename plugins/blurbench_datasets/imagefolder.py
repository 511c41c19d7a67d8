"""Your own pictures: a folder or a zip file with one folder a class.

Looked for are PLACE/train/CLASS/... with PLACE/test/CLASS/..., PLACE/val/CLASS/... or both, or PLACE/CLASS/FILE, which
is then split at random, class by class. Where there is one part beside `train`, it tests. The words for parts are
`train`, `val`, `valid`, `validation` and `test`, in upper or lower case; inside PART/CLASS pictures may lie at any
depth. Links are followed, hidden files ignored; what else lies there and is not read is said, and a class that would
be left without pictures is refused. Images are decoded once, one after the other, to disk where they are many; a run
reads from there the share that its budget asks for.

Classes are taken in the text order of their folders, as torchvision and ImageNet-2012 do, but `0`, `1`, ... `10` in
the order of the numbers, unless `class_order` says otherwise; where the two orders differ, the one taken is said. It
is `class_names` of the plugin, and of what it loads.

Of each picture the central square is reduced (or enlarged) to `side` pixels, bilinearly. Turned as its EXIF data say;
palettes are looked up, CMYK becomes RGB, 16 bits become 8, transparent pixels show black, animations their first frame.
"""

from __future__ import annotations

import math
import re
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryFile, gettempdir
from typing import TYPE_CHECKING, Annotated, BinaryIO, ClassVar, Literal, TypeAlias

from blurbench import hookimpl
from blurbench.contract import Count, Dataset, Fraction, Labelled, Pixels, Shape, Split, Splits
from blurbench.errors import UsageError
from blurbench.imaging.files import MEGAPIXELS, Tree, decoded, decoding_error, is_picture
from blurbench_datasets.own_files import Opener, find_place, missing, not_read, opened, say, tree_of
from blurbench_datasets.repeats import check_repeats, mark
from blurbench_datasets.splitting import SEED, balanced_order

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

IN_MEMORY = 2**26
"""Bytes of decoded images that are gathered in memory; more go through a temporary file."""
PARTS = {"train": "train", "val": "validation", "valid": "validation", "validation": "validation", "test": "test"}
"""The folders' names that are words for a part, in lower case."""
WANTED = (
    "give the folder or zip file of your pictures as path=: absolute, ~/..., ./..., or inside a folder that --data-dir "
    "or BLURBENCH_DATA names"
)
WORDS = f"words for parts: {', '.join(PARTS)}"

Files: TypeAlias = list[tuple[str, str]]
"""Names of files inside the place, and their classes."""


@dataclass(frozen=True)
class ImageFolder(Dataset):
    """Classes are the folders' names, sorted. Two such sets count as related, since nobody knows what is in them: a
    remedy fitted on one is not tested on the other."""

    path: str = "images"
    """The folder or zip file: absolute, from where you are (`./photos`), from your home (`~`), or in a data folder."""
    side: Annotated[int, Pixels(1, 1024)] = 64
    grey: bool = False
    validation: Annotated[float, Fraction(0.001, 0.9)] = 0.1
    """The share of each class's training images that is held out to validate, where the place has no such part."""
    test: Annotated[float, Fraction(0.001, 1.0)] = 0.2
    """The share of each class's images that tests, where the place has no parts. With 1 all of them test and nothing is
    fitted to them: for a network that is given (`checkpoint`), and remedies that need no training images."""
    class_order: Literal["auto", "text", "natural"] = "auto"
    """`text`: 0, 1, 10, 2, as torchvision does; `natural`: 0, 1, 2, 10; `auto`: natural where all names are numbers."""
    megapixels: Annotated[int, Count(1, 10_000)] = MEGAPIXELS
    """Millions of pixels that a picture may have; it is decoded in memory."""
    repeated: Annotated[float, Fraction(0.0, 0.1)] = 0.01
    """The share of the test images that may be training images, too, pixel for pixel."""

    revision: ClassVar[int] = 2
    lineage: ClassVar[frozenset[str]] = frozenset({"imagefolder"})
    licence: ClassVar[str] = "as your pictures'"
    about: ClassVar[str] = "your own pictures, one folder a class, any size, colour or grey"

    @classmethod
    def of_folder(cls, folder: Path, side: int, classes: Path | None = None) -> Dataset | None:
        from blurbench_datasets.with_classes import WithClasses

        if classes is None:
            return cls(path=str(folder), side=side, test=1.0)
        return WithClasses(cls(path=str(folder), side=side, test=1.0, class_order="text"), classes)

    def sources(self, folders: Sequence[Path]) -> tuple[Path, ...]:
        """Raises UsageError, too, for a place that is laid out otherwise. Says what lies there and is not taken."""
        place, tree, files = self._look(folders)
        class_names = in_order((label for _, label in files["train"]), self.class_order)
        for note in (not_read(place, tree), self._order_note(place, class_names), *_lacking(place, files, class_names)):
            if note:
                say(note)
        return (place,) if place.is_file() else tuple(place / name for name in filter(is_picture, tree.files))

    def _order_note(self, place: Path, class_names: Sequence[str]) -> str:
        if self.class_order != "auto" or in_order(class_names, "text") == in_order(class_names, "natural"):
            return ""
        first = ", ".join(class_names[:4]) + (f" ... {class_names[-1]}" if len(class_names) > 4 else "")
        return (
            f"{place}: the classes are taken in the order {first}; if a network's outputs are in another, give "
            "class_order=text or natural, or name the classes (with-classes, diagnose --classes)"
        )

    def places(self, folders: Sequence[Path]) -> tuple[Path, ...]:
        place, tree, _ = self._look(folders)
        return (place, *(place / name for name in tree.folders)) if place.is_dir() else ()

    def class_names(self, folders: Sequence[Path]) -> tuple[str, ...]:
        """The classes in the order of their labels. Reads no image."""
        _, _, files = self._look(folders)
        return in_order((label for _, label in files["train"]), self.class_order)

    def tested(self, folders: Sequence[Path]) -> Labelled | None:
        place, _, files = self._look(folders)
        if place.is_file():
            return None
        class_names, parts = self.class_names(folders), self._three(files)
        self._check(place, parts, class_names)
        return Labelled(tuple((place / name, label) for name, label in parts[2]), class_names)

    def picture(self, file: BinaryIO, shape: Shape) -> NDArray[np.uint8]:
        return decoded(file, self.side, self.grey, self.megapixels)

    def _look(self, folders: Sequence[Path]) -> tuple[Path, Tree, dict[str, Files]]:
        place = find_place("imagefolder", self.path, folders, WANTED)
        tree = tree_of(place)
        return place, tree, sorted_into_parts(place, tree)

    def fetch(self, folder: Path) -> None:
        raise missing("imagefolder", self.path, WANTED)

    def load(self, folders: Sequence[Path]) -> Splits:
        """Raises UsageError for a file that cannot be decoded, a place laid out otherwise, too many images, and test
        images that are training images, too."""
        place, _, files = self._look(folders)
        class_names = in_order((label for _, label in files["train"]), self.class_order)
        parts = self._three(files)
        self._check(place, parts, class_names)
        parts = tuple(map(balanced, parts))
        with opened(place, self.megapixels) as content:
            train, validation, test = (self._decoded(place, content, part, class_names) for part in parts)
        seen, tested = (
            [mark(name, image) for (name, _), image in zip(part, split.images, strict=True)]
            for part, split in ((parts[0], train), (parts[2], test))
        )
        check_repeats(place, seen, tested, self.repeated)
        return Splits(train, validation, test, class_names)

    def _three(self, files: Mapping[str, Files]) -> tuple[Files, ...]:
        if "validation" in files and "test" in files:
            return files["train"], files["validation"], files["test"]
        if "validation" in files or "test" in files:
            train, validation = set_aside(files["train"], self.validation)
            return train, validation, files.get("test") or files["validation"]
        if self.test == 1:
            return [], [], files["train"]
        learning, test = set_aside(files["train"], self.test)
        train, validation = set_aside(learning, self.validation)
        return train, validation, test

    def _check(self, place: Path, parts: Sequence[Files], class_names: Sequence[str]) -> None:
        if not all(parts) and (self.test < 1 or not parts[2]):
            raise UsageError(f"{place}: too few images to train, validate and test")
        known = set(class_names)
        for name, label in [file for part in parts for file in part]:
            if label not in known:
                raise UsageError(f"{place}: {name} is of class {label!r}, of which there is no training image")
        count = sum(map(len, parts))
        size = count * (1 if self.grey else 3) * self.side**2
        # Twice: here while they are decoded, and in the results folder.
        if (free := shutil.disk_usage(gettempdir()).free) < 2 * size:
            raise UsageError(
                f"{place}: {count:,} images of {self.side} pixels take {size / 2**30:.1f} GiB, twice while they are "
                f"decoded, and {gettempdir()} has {free / 2**30:.1f} GiB free; choose a smaller side or set TMPDIR"
            )

    def _decoded(self, place: Path, content: Opener, files: Files, class_names: Sequence[str]) -> Split:
        import numpy as np

        number = {name: label for label, name in enumerate(class_names)}
        images = _room((len(files), 1 if self.grey else 3, self.side, self.side))
        for row, (name, _) in enumerate(files):
            try:
                with content(name) as file:
                    images[row] = decoded(file, self.side, self.grey, self.megapixels)
            except Exception as error:  # a damaged file may raise anything
                raise undecoded(place / name, error, self.megapixels) from None
        return Split(images, np.array([number[label] for _, label in files], np.int64))


def balanced(files: Files) -> Files:
    """In an order in which any run from the start holds the classes as equally as it can."""
    import numpy as np

    _, labels = np.unique([label for _, label in files], return_inverse=True)
    return [files[index] for index in balanced_order(labels)]


def undecoded(path: Path, error: Exception, megapixels: int = MEGAPIXELS) -> UsageError:
    """One line that names a picture which cannot be decoded, and says what to do."""
    reason = decoding_error(error)
    allowed = f"; {megapixels} million pixels are allowed, for more give megapixels=" if "allowed" in reason else ""
    return UsageError(f"{path}: cannot be decoded ({reason}){allowed or '; mend or remove it'}")


def _room(shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """An array to be filled, on disk where it is big; the file has no name, so it goes when the array goes."""
    import numpy as np

    if math.prod(shape) <= IN_MEMORY:
        return np.empty(shape, np.uint8)
    with TemporaryFile() as file:
        return np.memmap(file, np.uint8, "w+", shape=shape)


# --- layout --------------------------------------------------------------------------------------------------------


def sorted_into_parts(place: Path, tree: Tree) -> dict[str, Files]:
    """The files of `train` and, where there are such folders, `validation` and `test`; raises UsageError otherwise."""
    names = [name for name in tree.files if is_picture(name)]
    if not names:
        raise UsageError(f"{place}: no image in PART/CLASS/FILE or CLASS/FILE{_instead(tree)}; {WORDS}")
    around = _around(tree, names)
    parted = any(name.removeprefix(around).split("/")[0].lower() in PARTS for name in names)
    _check_empty(place, tree, names, around, parted)
    words: dict[str, str] = {}
    files: dict[str, Files] = {}
    for name in names:
        *path, _ = name.removeprefix(around).split("/")
        part = PARTS.get(path[0].lower(), "") if parted and path else "train"
        if not part or (len(path) < 2 if parted else len(path) != 1):
            where = "train, val or test/CLASS" if parted else "CLASS"
            raise UsageError(f"{place}: {name} is not in {where}/; move it there or elsewhere ({WORDS})")
        if parted and words.setdefault(part, path[0]) != path[0]:
            raise UsageError(f"{place}: {words[part]} and {path[0]} are both for {part}; keep one of them")
        files.setdefault(part, []).append((name, path[1] if parted else path[0]))
    if "train" not in files:
        instead = "; to test with all of its pictures, give that folder" if len(words) == 1 else ""
        raise UsageError(f"{place}: there is no folder train beside {', '.join(sorted(files))}{instead} ({WORDS})")
    return files


def _instead(tree: Tree) -> str:
    others = [name for name in tree.files if not is_picture(name)]
    return f", but {len(others):,} other files, such as {others[0]}" if others else ""


def _around(tree: Tree, names: Sequence[str]) -> str:
    """The one folder, and a slash, that all lie in: a zip file often holds one, which is neither part nor class."""
    first = names[0].partition("/")[0]
    alone = all(folder == first or folder.startswith(first + "/") for folder in tree.folders)
    deep = all(name.startswith(first + "/") and name.count("/") > 1 for name in names)
    return f"{first}/" if alone and deep and first.lower() not in PARTS else ""


def _check_empty(place: Path, tree: Tree, names: Iterable[str], around: str, parted: bool) -> None:
    """Refuse a class, or a part, that would vanish since none of its files is a picture."""
    taken = {folder for name in names for folder in _above(name)}
    for folder in tree.folders:
        path = folder.removeprefix(around).split("/") if folder.startswith(around) else []
        counts = path and (path[0].lower() in PARTS and len(path) < 3 if parted else len(path) == 1)
        if counts and folder not in taken:
            what = "part" if parted and len(path) == 1 else "class"
            inside = [name for name in tree.files if name.startswith(folder + "/")]
            raise UsageError(f"{place / folder}: this {what} would be left out, {_nothing_in(inside)}")


def _nothing_in(inside: Sequence[str]) -> str:
    if not inside:
        return "it is empty; put pictures into it, or remove it"
    files = f"its only file {inside[0]} is" if len(inside) == 1 else f"its {len(inside):,} files (as {inside[0]}) are"
    return f"{files} of no ending that is read; convert to PNG or JPEG, or move the folder elsewhere"


def _above(name: str) -> Iterable[str]:
    """The folders that a file is in, by their names in the tree."""
    while name := name.rpartition("/")[0]:
        yield name


def in_order(labels: Iterable[str], order: str) -> tuple[str, ...]:
    """Every class once: see `ImageFolder.class_order`."""
    names = sorted(set(labels))
    numbers = all(re.fullmatch("[0-9]+", name) for name in names)
    return tuple(sorted(names, key=_natural) if order == "natural" or (order == "auto" and numbers) else names)


def _natural(name: str) -> list[tuple[int, int, str]]:
    """What sorts runs of digits by their numbers, before other text."""
    pieces = re.findall("[0-9]+|[^0-9]+", name)
    return [(0, int(piece), piece) if piece.isascii() and piece.isdigit() else (1, 0, piece) for piece in pieces]


def _lacking(place: Path, files: Mapping[str, Files], class_names: Sequence[str]) -> Iterable[str]:
    for part in ("validation", "test"):
        lacking = sorted(set(class_names) - {label for _, label in files.get(part, ())}) if part in files else []
        if lacking:
            classes = "1 class has" if len(lacking) == 1 else f"{len(lacking):,} classes have"
            yield f"{place}: {classes} no {part} image, such as {lacking[0]}"


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


@hookimpl
def register_datasets(register: Callable[[str, type[Dataset]], None]) -> None:
    register("imagefolder", ImageFolder)
