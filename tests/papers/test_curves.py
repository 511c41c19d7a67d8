"""A figure of level curves."""

from __future__ import annotations

from io import BytesIO

from PIL import Image

from blurbench.papers.curves import drawing_of
from blurbench.papers.report import Curve

PANELS = [
    Curve(f"blur ${number}", (1, 2, 3), {"plain": (0.9, None, 0.4), "retrain": (0.8, 0.7, 0.6)}) for number in range(5)
]


def test_panels_stand_four_in_a_row() -> None:
    four, five = (Image.open(BytesIO(drawing_of(PANELS[:count], "top-1"))) for count in (4, 5))
    assert five.width == four.width
    assert five.height > 1.5 * four.height


def test_the_same_curves_are_the_same_bytes() -> None:
    assert drawing_of(PANELS[:1], "top-1") == drawing_of(PANELS[:1], "top-1")
