"""Another data set with the labels of a network that knows more classes, or has them in another order.

with-classes[base=imagefolder[path=./photos, test=1], names=classes.txt]
with-classes[base=imagefolder[path=./photos, test=1], names=./training-pictures]

Each class is found among the names by its own name, and one that is not there is refused: nothing is guessed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, ClassVar

from blurbench import hookimpl
from blurbench.contract import Dataset, Labelled, Ref, Shape, Splits
from blurbench.errors import UsageError
from blurbench_datasets.imagefolder import ImageFolder

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class WithClasses(Dataset):
    """Its pixels and parts are the base's."""

    base: Ref[Dataset]
    names: Path
    """A text file with the name of each of the network's classes, one a line, in the order of its outputs; or the
    folder of pictures that it was trained on, in the order of `imagefolder`."""

    licence: ClassVar[str] = "as the base's"
    about: ClassVar[str] = "another data set, labelled by the classes that a network knows"

    @property
    def lineage(self) -> frozenset[str]:  # type: ignore[override]
        return self.base.lineage

    def files(self) -> tuple[Path, ...]:
        names = self.names.expanduser()
        return () if names.is_dir() else (names,)

    def class_names(self) -> tuple[str, ...]:
        """Of all labels, in their order. Raises UsageError."""
        names = self.names.expanduser()
        return self._trained_on().class_names(()) if names.is_dir() else _listed(names)

    def _trained_on(self) -> ImageFolder:
        return ImageFolder(path=str(self.names.expanduser().absolute()))

    def photographed(self) -> Dataset | None:
        photographed = self.base.photographed()
        return photographed and replace(self, base=photographed)

    def sources(self, folders: Sequence[Path]) -> tuple[Path, ...]:
        """The folders of a training folder, too: they are the names, whose order it may say."""
        own = self.base.sources(folders)
        if not self.names.expanduser().is_dir():
            return own
        trained_on = self._trained_on()
        trained_on.sources(())
        return (*own, *trained_on.places(()))

    def places(self, folders: Sequence[Path]) -> tuple[Path, ...]:
        return self.base.places(folders)

    def tested(self, folders: Sequence[Path]) -> Labelled | None:
        found = self.base.tested(folders)
        return found and found.among(self.class_names())

    def load(self, folders: Sequence[Path]) -> Splits:
        """Raises UsageError for a class of the base that has no name."""
        return self.base.load(folders).among(self.class_names())

    def picture(self, file: BinaryIO, shape: Shape) -> NDArray[np.uint8]:
        return self.base.picture(file, shape)

    def fetch(self, folder: Path) -> None:
        self.base.fetch(folder)


def _listed(file: Path) -> tuple[str, ...]:
    try:
        lines = [line.strip() for line in file.read_text(encoding="utf-8-sig").splitlines()]
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}; give a file with the names of the network's classes") from None
    except UnicodeDecodeError:
        raise UsageError(f"{file}: this is no text; give one with the names of the network's classes") from None
    names = tuple(line for line in lines if line)
    again = [name for name, times in Counter(names).items() if times > 1]
    if again or not names:
        what = f"{again[0]!r} is there twice" if again else "it is empty"
        raise UsageError(f"{file}: {what}; name each of the network's classes, one a line, in its order")
    return names


@hookimpl
def register_datasets(register: Callable[[str, type[Dataset]], None]) -> None:
    register("with-classes", WithClasses)
