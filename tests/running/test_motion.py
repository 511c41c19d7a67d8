"""Length and angle of a smear, read off a picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import gaussian_filter

from tests.probed import read, say, soft


def test_a_page_smeared_over_25_pixels_is_said_to_be_in_motion_and_not_sharp(tmp_path: Path) -> None:
    from scipy.ndimage import convolve1d
    from skimage import data

    page = data.page()
    smeared = np.uint8(np.round(convolve1d(page.astype(float), np.ones(25) / 25, axis=1)))
    Image.fromarray(page).save(tmp_path / "sharp.png")
    Image.fromarray(smeared).save(tmp_path / "smeared.png")
    Image.fromarray(smeared.T).save(tmp_path / "turned.png")
    fact = read(tmp_path / "smeared.png")
    assert (fact["motion_px"], fact["motion_degrees"]) == (pytest.approx(25, abs=1), pytest.approx(0, abs=2))
    assert "motion of 25 px at 0 degrees, or strokes or stripes as wide as that" in fact["hints"]
    assert "(0.5" in say(tmp_path / "smeared.png")
    assert read(tmp_path / "turned.png")["motion_degrees"] == pytest.approx(90, abs=2)
    assert read(tmp_path / "sharp.png")["motion_px"] is None


@pytest.mark.parametrize(("length", "angle"), [(7, 30), (12, 100), (18, 155), (30, 60)])
def test_length_and_angle_of_a_smear_come_back(tmp_path: Path, length: float, angle: float) -> None:
    """The line is drawn by skimage, angles growing anticlockwise."""
    from scipy.ndimage import convolve
    from skimage import data, draw, transform

    line = np.zeros((401, 401))
    end = 5 * length * np.array([-np.sin(np.radians(angle)), np.cos(np.radians(angle))])
    rows, columns, _ = draw.line_aa(*np.int64(np.round(200 - end)), *np.int64(np.round(200 + end)))
    line[rows, columns] = 1
    kernel = transform.downscale_local_mean(np.pad(line, ((0, 9), (0, 9))), (10, 10))
    picture = convolve(data.camera().astype(float), np.roll(kernel / kernel.sum(), 0), mode="mirror")
    Image.fromarray(np.uint8(np.round(picture))).save(tmp_path / "moved.png")
    fact = read(tmp_path / "moved.png")
    assert fact["motion_px"] == pytest.approx(length, abs=1.5)
    assert fact["motion_degrees"] == pytest.approx(angle, abs=8)


@pytest.mark.parametrize("sigma", [0, 1.0, 2.5])
@pytest.mark.parametrize("name", ["camera", "coins", "grass", "brick", "rocket"])
def test_sharp_and_gaussian_blurred_pictures_are_not_said_to_move(tmp_path: Path, name: str, sigma: float) -> None:
    from skimage import data

    Image.fromarray(soft(getattr(data, name)(), sigma)).save(tmp_path / "still.png")
    fact = read(tmp_path / "still.png")
    assert fact["motion_px"] is None
    assert not any("motion" in hint for hint in fact["hints"])


def test_a_texture_of_stripes_is_never_called_motion_without_an_or(tmp_path: Path) -> None:
    """Grooves of one width on even ground: exactly the spectrum of a smear."""
    called = []
    for width in (7, 10, 16):
        noise = np.random.RandomState(0).normal(0, 40, (300, 420))
        grooves = 127 + noise[:, width:] - noise[:, :-width]
        Image.fromarray(np.uint8(np.clip(gaussian_filter(grooves, (6, 0)), 0, 255))).save(tmp_path / "grooves.png")
        called += [hint for hint in read(tmp_path / "grooves.png")["hints"] if "motion" in hint]
    assert called
    assert all("or strokes or stripes" in hint or "motion, or stripes" in hint for hint in called)
