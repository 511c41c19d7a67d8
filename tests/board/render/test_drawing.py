"""What all charts share."""

import numpy as np
from PIL import Image

from blurbench.board.render.drawing import merged
from blurbench.board.render.figures import sample_strip


def test_stages_that_are_the_same_byte_by_byte_share_a_column(tmp_path):
    images = np.zeros((1, 1, 8, 8), dtype=np.uint8)
    stages = {"clean": images, "blurred": images + 9, "restored": images + 5}
    (tmp_path / "three.png").write_bytes(sample_strip(stages))
    (tmp_path / "five.png").write_bytes(sample_strip({**stages, "identity": images + 9, "again": images + 5}))
    (tmp_path / "four.png").write_bytes(sample_strip({**stages, "other": images + 1}))
    three, five, four = (width_of(tmp_path / f"{name}.png") for name in ("three", "five", "four"))
    assert five == three < four
    assert list(merged({**stages, "identity": images + 9})) == ["clean", "blurred, identity", "restored"]


def width_of(path) -> int:
    with Image.open(path) as picture:
        return picture.width
