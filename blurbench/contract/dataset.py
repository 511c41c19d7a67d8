"""The contract of data sets: labelled images in three parts."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, ClassVar

from blurbench.contract.images import Labelled, Splits
from blurbench.contract.plugin import Plugin
from blurbench.errors import Unavailable, UsageError
from blurbench.imaging.files import decoded
from blurbench.imaging.values import Shape

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Dataset"]


class Dataset(Plugin):
    """Labelled images, decoded into memory."""

    lineage: ClassVar[frozenset[str]] = frozenset()
    """Names of the collections that its images come from. Two data sets with a common name may share images, so
    nothing fitted on one is tested on the other."""

    licence: ClassVar[str] = ""
    about: ClassVar[str] = ""

    @classmethod
    def of_folder(cls, folder: Path, side: int, classes: Path | None = None) -> Dataset | None:
        """The data set of a folder of pictures, one folder a class, reduced to squares of `side` pixels, all of them to
        test with where the folder itself has no parts; None where it reads no such folders. `classes`: a file that
        names the classes of the labels, one a line, or a folder that has them, where those of `folder` are not all."""
        return None

    def tested(self, folders: Sequence[Path]) -> Labelled | None:
        """Its test images, where they are pictures in a folder; None where they are not. Reads no image. Raises as
        `sources` does."""
        return None

    def photographed(self) -> Dataset | None:
        """The data set of really blurred pictures of the same classes and size, whose test images stand in for its own
        under the test blur `as-photographed`; None where there are none."""
        return None

    @abstractmethod
    def sources(self, folders: Sequence[Path]) -> tuple[Path, ...]:
        """The files that decide what `load` returns, found in the user's data `folders` or shipped in a package.

        Raises `Unavailable`, naming what is missing and how to get it. Cheap: reads no image.
        """

    def places(self, folders: Sequence[Path]) -> tuple[Path, ...]:
        """The folders whose entries decide which files there are, where `sources` lists folders. Of a great many files
        planning then looks at these folders and at a sample of the files only. Default: at each file, every time."""
        return ()

    @abstractmethod
    def load(self, folders: Sequence[Path]) -> Splits:
        """Decode. Deterministic; numpy only, no torch. Raises `Unavailable`, or `UsageError` for a damaged file."""

    def picture(self, file: BinaryIO, shape: Shape) -> NDArray[np.uint8]:
        """A picture of anybody's, brought to `shape` exactly as `load` brings its own: uint8 (C, H, W). Default, for
        data that are no pictures in files: the central square, reduced or enlarged bilinearly, turned as its EXIF data
        say. May raise anything for a damaged file."""
        if shape.height != shape.width or shape.channels not in (1, 3):
            raise UsageError(f"pictures become squares, grey or in colour, and these images are {shape}")
        return decoded(file, shape.height, grey=shape.channels == 1)

    def fetch(self, folder: Path) -> None:
        """Download into `folder`, with checksums."""
        raise Unavailable(f"{type(self).__name__} needs no download")
