"""What of a picture is looked at: without its frame, its contrast stretched."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter

from tests.probed import read, soft


def test_a_picture_of_12_bits_in_a_file_of_16_is_read_as_if_it_were_stretched(
    tmp_path: Path, face: NDArray[np.uint8]
) -> None:
    grey = np.asarray(Image.fromarray(soft(face, 1.0)).convert("L")).astype(np.uint16) * 16  # 0..4080
    Image.fromarray(grey).save(tmp_path / "camera.png")
    assert read(tmp_path / "camera.png")["hints"] == []
    assert read(tmp_path / "camera.png")["sigma_px"] == pytest.approx(1.0, abs=0.3)
    Image.fromarray(np.uint16(grey * 16.0)).save(tmp_path / "stretched.png")
    assert read(tmp_path / "stretched.png")["sigma_px"] == pytest.approx(1.0, abs=0.3)
    Image.new("L", (100, 100), 9).save(tmp_path / "even.png")
    assert read(tmp_path / "even.png")["hints"] == ["flat: there is nothing in it to read blur from"]


@pytest.mark.parametrize("sigma", [1.0, 2.0])
def test_contrast_does_not_change_the_reading(tmp_path: Path, face: NDArray[np.uint8], sigma: float) -> None:
    blurred = gaussian_filter(face.mean(2), sigma, mode="mirror")
    readings = []
    for contrast in (1.0, 0.5, 0.2):
        Image.fromarray(np.uint8(np.round(100 + contrast * (blurred - 100)))).save(tmp_path / "face.png")
        readings.append(read(tmp_path / "face.png")["sigma_px"])
    assert readings == pytest.approx([readings[0]] * 3, abs=0.1)
    Image.fromarray(np.uint8(np.round(100 + 0.1 * (blurred - 100)))).save(tmp_path / "face.png")
    assert any(hint.startswith("unsure: contrast of ") for hint in read(tmp_path / "face.png")["hints"])


@pytest.mark.parametrize("level", [0, 255, 90])
@pytest.mark.parametrize("ending", ["png", "jpg"])
def test_a_frame_is_left_out_and_said(tmp_path: Path, face: NDArray[np.uint8], level: int, ending: str) -> None:
    soft_face = soft(face, 2.0)
    Image.fromarray(soft_face).save(tmp_path / f"plain.{ending}", quality=90)
    framed = np.pad(soft_face, ((24, 8), (40, 0), (0, 0)), constant_values=level)
    Image.fromarray(framed).save(tmp_path / f"framed.{ending}", quality=90)
    fact = read(tmp_path / f"framed.{ending}")
    assert fact["sigma_px"] == pytest.approx(read(tmp_path / f"plain.{ending}")["sigma_px"], abs=0.1)
    (hint,) = [hint for hint in fact["hints"] if "frame" in hint]
    assert "right" not in hint
    if ending == "png":
        assert hint == "frame left out (pixels: 24 top, 40 left, 8 bottom)"
        assert fact["frame"] == {"top": 24, "left": 40, "bottom": 8, "right": 0}


def test_paper_around_writing_is_no_frame(tmp_path: Path) -> None:
    from skimage import data

    Image.fromarray(np.pad(data.text()[20:-20, 20:-20], 30, constant_values=200)).save(tmp_path / "note.png")
    spot = np.full((300, 300), 200, np.uint8)
    spot[100:120, 100:120] = 20
    Image.fromarray(spot).save(tmp_path / "spot.png")
    assert read(tmp_path / "spot.png")["frame"] == {"top": 0, "left": 0, "bottom": 0, "right": 0}


def test_a_map_of_a_framed_picture_shows_what_is_inside(tmp_path: Path, face: NDArray[np.uint8]) -> None:
    Image.fromarray(np.pad(face, ((50, 50), (50, 50), (0, 0)))).save(tmp_path / "framed.png")
    fact = read(tmp_path / "framed.png", "--map", "--out", tmp_path / "maps")
    assert Path(fact["map"]).read_bytes().startswith(b"\x89PNG")
    assert fact["windows"] == ((160 - 32) // 8 + 1) ** 2
