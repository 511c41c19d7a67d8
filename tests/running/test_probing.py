"""How blurred a picture is, window by window."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.probed import read, say, soft


@pytest.mark.parametrize("sigma", [0.7, 1.2, 2.0])
def test_sigma_comes_back_to_a_third_of_a_pixel(tmp_path: Path, face: NDArray[np.uint8], sigma: float) -> None:
    Image.fromarray(soft(face, sigma)).save(tmp_path / "face.png")
    assert read(tmp_path / "face.png")["sigma_px"] == pytest.approx(sigma, abs=0.35)


def test_beyond_its_limits_it_says_so(tmp_path: Path, face: NDArray[np.uint8]) -> None:
    Image.fromarray(soft(face, 6.0)).save(tmp_path / "soft.png")
    Image.fromarray(face[::2, ::2]).save(tmp_path / "sharp.png")
    assert ">= 3.0" in say(tmp_path / "soft.png")
    assert "<= 0.3" in say(tmp_path / "sharp.png")
    assert read(tmp_path / "soft.png")["at_limit"] is True


def test_a_flat_picture_is_not_read_and_says_why(tmp_path: Path) -> None:
    Image.new("RGB", (200, 100), (90, 120, 200)).save(tmp_path / "sky.png")
    fact = read(tmp_path / "sky.png")
    assert fact["sigma_px"] is None
    assert fact["windows_read"] == 0
    assert fact["hints"] == ["flat: there is nothing in it to read blur from"]


def test_a_picture_with_little_in_it_is_unsure(tmp_path: Path) -> None:
    picture = np.full((300, 300), 200, np.uint8)
    picture[100:120, 100:120] = 20
    Image.fromarray(picture).save(tmp_path / "spot.png")
    assert read(tmp_path / "spot.png")["hints"][0].startswith("unsure: only ")


def test_noise_and_a_poor_jpeg_are_remarked(tmp_path: Path, face: NDArray[np.uint8]) -> None:
    noisy = soft(face, 1) + np.random.RandomState(0).normal(0, 9, face.shape)
    grey = np.uint8(np.clip(noisy, 0, 255).mean(2))
    Image.fromarray(grey).save(tmp_path / "noisy.png")
    Image.fromarray(face).save(tmp_path / "poor.jpg", quality=30)
    Image.fromarray(face).save(tmp_path / "good.jpg", quality=90)
    assert "noise" in " ".join(read(tmp_path / "noisy.png")["hints"])
    assert read(tmp_path / "noisy.png")["noise_255"] == pytest.approx(9 / 3**0.5, rel=0.35)
    assert "unsure: JPEG of quality 30, whose blocks look sharp" in read(tmp_path / "poor.jpg")["hints"]
    assert read(tmp_path / "good.jpg")["jpeg_quality"] == pytest.approx(90, abs=2)


def test_a_picture_that_is_half_sharp_is_said_to_vary(tmp_path: Path, face: NDArray[np.uint8]) -> None:
    picture = np.concatenate([face, soft(face, 2.8)], axis=1)
    Image.fromarray(picture).save(tmp_path / "half.png")
    fact = read(tmp_path / "half.png")
    assert fact["hints"][0].startswith("varies: ")
    assert fact["sigma_p10"] < 0.9 < 1.9 < fact["sigma_p90"]


def test_what_is_not_opaque_is_left_out(tmp_path: Path, face: NDArray[np.uint8]) -> None:
    alpha = np.full(face.shape[:2], 255, np.uint8)
    alpha[:, 80:] = 0
    hidden = face.copy()
    hidden[:, 80:] = np.random.RandomState(0).randint(0, 255, hidden[:, 80:].shape)
    Image.fromarray(np.dstack([hidden, alpha])).save(tmp_path / "cut.png")
    Image.fromarray(np.ascontiguousarray(face[:, :80])).save(tmp_path / "left.png")
    cut, left = (read(tmp_path / name) for name in ("cut.png", "left.png"))
    assert cut["sigma_px"] == pytest.approx(left["sigma_px"], abs=1e-4)
    assert cut["windows_read"] == left["windows_read"] < cut["windows"]


def test_a_large_picture_is_read_further_apart_and_never_resized(
    tmp_path: Path, face: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch
) -> None:
    from blurbench.running import probing

    Image.fromarray(np.tile(soft(face, 1.2), (8, 12, 1))).save(tmp_path / "large.png", compress_level=1)
    whole = read(tmp_path / "large.png")
    monkeypatch.setattr(probing, "MOST_WINDOWS", 500)
    fewer = read(tmp_path / "large.png")
    assert fewer["windows"] <= 500 < whole["windows"]
    assert fewer["stride"] % 16 == 0
    assert fewer["sigma_px"] == pytest.approx(whole["sigma_px"], abs=0.1)


def test_a_picture_read_in_strips_reads_as_one(
    tmp_path: Path, face: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch
) -> None:
    from blurbench.imaging.files import open_picture
    from blurbench.running import probing

    Image.fromarray(face).save(tmp_path / "face.png")
    from blurbench_estimators.spectral import Spectral

    picture = open_picture(tmp_path / "face.png")
    whole = probing.probe(picture, Spectral(), 8)
    monkeypatch.setattr(probing, "_BAND", 160 * 50)
    strips = probing.probe(picture, Spectral(), 8)
    assert whole.sigmas.shape == (17, 17)
    np.testing.assert_allclose(strips.sigmas, whole.sigmas, atol=1e-4)
    assert strips.noise == pytest.approx(whole.noise, rel=1e-6)
