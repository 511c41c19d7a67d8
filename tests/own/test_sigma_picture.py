"""Pictures of readings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.probed import read, soft


def test_a_map_is_a_picture_with_the_blurred_half_on_its_side(
    tmp_path: Path, face: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Image.fromarray(np.concatenate([face, soft(face, 2.8)], axis=1)).save("half.png")
    fact = read(Path("half.png"), "--map", "--out", "maps")
    assert fact["map"] == "maps/half-png.sigma.png"
    assert fact["stride"] == 8
    with Image.open(fact["map"]) as file:
        drawn = np.asarray(file.convert("RGB")).astype(int)
    assert min(drawn.shape[:2]) > 200
    # Viridis is blue where sigma is small and yellow where it is large.
    right = drawn[:, drawn.shape[1] // 2 : int(0.9 * drawn.shape[1])]
    yellowness = np.where(np.ptp(right, axis=2) > 40, right[..., 1] - right[..., 2], 0)
    assert yellowness[:, : right.shape[1] // 2].sum() < 0 < yellowness[:, right.shape[1] // 2 :].sum()


def test_a_map_of_a_flat_picture_is_drawn_too(tmp_path: Path) -> None:
    Image.new("L", (64, 300), 128).save(tmp_path / "a $dollar_ name.png")
    fact = read(tmp_path / "a $dollar_ name.png", "--map", "--out", tmp_path / "maps")
    assert Path(fact["map"]).name == "a $dollar_ name-png.sigma.png"
    with Image.open(fact["map"]) as drawn:
        assert drawn.size[0] > 500
