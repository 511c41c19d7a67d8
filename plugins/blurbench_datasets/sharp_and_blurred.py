"""Your own pictures, sharp ones and others that are really blurred: PATH/sharp/CLASS/FILE and PATH/blurred/CLASS/FILE.

The sharp ones are read, split and blurred as those of imagefolder. All of the blurred ones test, as they are, under the
test blur `as-photographed`: other pictures than the sharp ones, in another number; a class may have none. Neither is a
picture's partner: for pairs of the same scene there is paired-images.
"""

from __future__ import annotations

import filecmp
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, Literal

from blurbench import hookimpl
from blurbench.contract import Dataset, Split, Splits
from blurbench.errors import UsageError
from blurbench.imaging.files import Tree
from blurbench_datasets.imagefolder import Files, ImageFolder, balanced, sorted_into_parts
from blurbench_datasets.own_files import find_place, missing, opened, say, tree_of

WANTED = (
    "give the folder that holds sharp/CLASS and blurred/CLASS as path=: absolute, ~/..., ./..., or inside a folder "
    "that --data-dir or BLURBENCH_DATA names"
)


@dataclass(frozen=True)
class SharpAndBlurred(ImageFolder):
    """Classes are the folders' names inside `sharp`, sorted. The sharp pictures may lie in `sharp/train/CLASS` and so
    on; the blurred ones test wherever they lie in `blurred`."""

    path: str = "photographs"
    """The folder of both: absolute, from where you are (`./photos`), from your home (`~`), or in a data folder."""
    sharp: str = "sharp"
    blurred: str = "blurred"
    """The folders inside it."""
    part: Literal["sharp", "blurred"] = "sharp"
    """`blurred`: the blurred pictures alone, what `as-photographed` tests on."""

    revision: ClassVar[int] = 1
    about: ClassVar[str] = "your own pictures, sharp ones and really blurred ones, one folder a class"

    @classmethod
    def of_folder(cls, folder: Path, side: int, classes: Path | None = None) -> Dataset | None:
        return None

    def photographed(self) -> Dataset | None:
        return replace(self, part="blurred") if self.part == "sharp" else None

    def fetch(self, folder: Path) -> None:
        raise missing("sharp-and-blurred", self.path, WANTED)

    def sources(self, folders: Sequence[Path]) -> tuple[Path, ...]:
        """Of the blurred part the sharp files, too, whose classes number its labels. Says which classes have none."""
        own = super().sources(folders)
        if self.part == "sharp":
            return own
        _, _, files = self._blurred(folders)
        lacking = sorted({*self.class_names(folders)} - {label for _, label in files})
        if lacking:
            classes = "1 class has" if len(lacking) == 1 else f"{len(lacking):,} classes have"
            say(f"{self.path}/{self.blurred}: {classes} no blurred picture, such as {lacking[0]}")
        return (*own, *(self._place(self.blurred, folders) / name for name, _ in files))

    def load(self, folders: Sequence[Path]) -> Splits:
        """Raises UsageError, too, for a blurred picture of a class without sharp ones, or that is a sharp one, too."""
        if self.part == "sharp":
            return super().load(folders)
        place, _, files = self._blurred(folders)
        class_names = self.class_names(folders)
        for name, label in files:
            if label not in class_names:
                raise UsageError(f"{place}: {name} is of class {label!r}, of which there is no sharp picture")
        sharp, _, parts = self._look(folders)
        _check_apart([sharp / name for part in parts.values() for name, _ in part], [place / name for name, _ in files])
        with opened(place, self.megapixels) as content:
            test = self._decoded(place, content, balanced(files), class_names)
        nothing = Split(test.images[:0], test.labels[:0])
        return Splits(nothing, nothing, test, class_names)

    def _look(self, folders: Sequence[Path]) -> tuple[Path, Tree, dict[str, Files]]:
        place = self._place(self.sharp, folders)
        tree = tree_of(place)
        return place, tree, sorted_into_parts(place, tree)

    def _blurred(self, folders: Sequence[Path]) -> tuple[Path, Tree, Files]:
        place = self._place(self.blurred, folders)
        tree = tree_of(place)
        return place, tree, [file for part in sorted_into_parts(place, tree).values() for file in part]

    def _place(self, folder: str, folders: Sequence[Path]) -> Path:
        place = find_place("sharp-and-blurred", f"{self.path}/{folder}", folders, WANTED)
        if not place.is_dir():
            raise UsageError(f"{place}: this is no folder; {WANTED}")
        return place


def _check_apart(sharp: Iterable[Path], blurred: Iterable[Path]) -> None:
    """Raises UsageError for a file that is in both: the sharp ones may be trained on."""
    by_size: dict[int, list[Path]] = {}
    for path in sharp:
        by_size.setdefault(path.stat().st_size, []).append(path)
    for path in blurred:
        for other in by_size.get(path.stat().st_size, ()):
            if filecmp.cmp(path, other, shallow=False):
                raise UsageError(f"{path} is the same file as {other}; keep each picture on one side")


@hookimpl
def register_datasets(register: Callable[[str, type[Dataset]], None]) -> None:
    register("sharp-and-blurred", SharpAndBlurred)
