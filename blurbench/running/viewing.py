"""What of a picture is read: without an even frame around it, and with its contrast brought up where it is low."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from blurbench.imaging.files import Picture

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["LEAST_SPAN", "Frame", "View"]

LEAST_SPAN = 0.6
"""Pictures that span less are stretched to it: an estimator knows the steps of 8 bits, which low contrast makes large.
Chosen on validation photographs (`benchmarks/probe_error.py` names them): at a fifth of the contrast a sigma of 2 reads
2.4 as it is, 1.8 to 2.1 stretched to 0.6, and 1.0 to 2.0 stretched to 1."""
_FLAT = 8 / 255
"""Of what spans less nothing can be made."""
_TAIL = 0.005
"""So much of the pixels at either end does not count."""
_LEVELS = 4096
_ROWS = 256
"""Rows looked at at a time."""
_EVEN = 8 / 255
"""A row or column of a frame differs by no more, JPEG's ripples included."""
_STEP = 0.5
"""At least so much of the first row inside differs from the frame."""
_BLOCK = 8
"""JPEG mixes pixels so far from an edge."""


@dataclass(frozen=True)
class Frame:
    """Rows and columns of an even border."""

    top: int = 0
    left: int = 0
    bottom: int = 0
    right: int = 0

    def __bool__(self) -> bool:
        return bool(self.top or self.left or self.bottom or self.right)


@dataclass(frozen=True, eq=False)
class View:
    """The part of a picture that is read."""

    picture: Picture
    frame: Frame
    low: float
    high: float
    """Between them lies what is in the picture, less the ends' half per cent; NaN where nothing is opaque."""

    @classmethod
    def of(cls, picture: Picture, least: int) -> View:
        """Leave a frame out where at least `least` pixels a side remain."""
        frame = _frame(picture, least)
        plain = cls(picture, frame, 0.0, 1.0)
        return cls(picture, frame, *plain._ends())

    @property
    def height(self) -> int:
        return self.picture.height - self.frame.top - self.frame.bottom

    @property
    def width(self) -> int:
        return self.picture.width - self.frame.left - self.frame.right

    @property
    def span(self) -> float:
        return self.high - self.low

    @property
    def gain(self) -> float:
        """What the contrast is multiplied by, at least 1."""
        return max(1.0, LEAST_SPAN / self.span) if self.span >= _FLAT else 1.0

    def grey(self, top: int, left: int, bottom: int, right: int) -> NDArray[np.float32]:
        """As `Picture.grey`, of the part inside the frame, stretched."""
        import numpy as np

        frame = self.frame
        part = self.picture.grey(top + frame.top, left + frame.left, bottom + frame.top, right + frame.left)
        if self.gain == 1.0:
            return part
        return (part - np.float32(self.low)) * np.float32(self.gain)

    def cropped(self) -> Picture:
        """The picture without its frame."""
        frame, image = self.frame, self.picture.image
        box = (frame.left, frame.top, self.picture.width - frame.right, self.picture.height - frame.bottom)
        fields = {**vars(self.picture), "image": image.crop(box), "height": self.height, "width": self.width}
        return Picture(**fields)

    def _ends(self) -> tuple[float, float]:
        import numpy as np

        counts = np.zeros(_LEVELS + 1, np.int64)
        for top in range(0, self.height, _ROWS):
            values = self.grey(top, 0, min(top + _ROWS, self.height), self.width)
            opaque = values[np.isfinite(values)]
            counts += np.bincount(np.round(opaque * _LEVELS).astype(np.int64), minlength=_LEVELS + 1)[: _LEVELS + 1]
        shares = counts.cumsum() / max(1, counts.sum())
        low, high = np.searchsorted(shares, (_TAIL, 1 - _TAIL))
        return (float(low / _LEVELS), float(high / _LEVELS)) if counts.any() else (float("nan"), float("nan"))


def _frame(picture: Picture, least: int) -> Frame:
    """The even border. Where it ends most pixels must change at once, or it is a part of the scene, such as paper."""
    top, left, bottom, right = (_depth(picture, side) for side in range(4))
    if picture.jpeg_quality is not None:
        top, left, bottom, right = (
            depth and -(-(depth + _BLOCK) // _BLOCK) * _BLOCK for depth in (top, left, bottom, right)
        )
    frame = Frame(top, left, bottom, right)
    tall, wide = picture.height - top - bottom, picture.width - left - right
    return frame if tall >= least and wide >= least else Frame()


def _depth(picture: Picture, side: int) -> int:
    """How many rows or columns from one side (top, left, bottom, right) are even and end in a step."""
    import numpy as np

    first = _line(picture, side, 0)
    level = float(np.median(first))
    length = picture.height if side % 2 == 0 else picture.width
    for depth in range(length):
        apart = np.abs(_line(picture, side, depth) - level)
        if not float(apart.max()) <= _EVEN:
            return depth if float((apart > _EVEN).mean()) >= _STEP or depth == 0 else 0
    return 0


def _line(picture: Picture, side: int, depth: int) -> NDArray[np.float32]:
    height, width = picture.height, picture.width
    boxes = (
        (depth, 0, depth + 1, width),
        (0, depth, height, depth + 1),
        (height - 1 - depth, 0, height - depth, width),
        (0, width - 1 - depth, height, width - depth),
    )
    return picture.grey(*boxes[side]).ravel()
