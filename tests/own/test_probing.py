"""How blurred pictures are, as a data frame."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter
from skimage import data
from typer.testing import CliRunner

import blurbench as bb
from blurbench.cli.app import app
from blurbench.errors import UsageError


@pytest.fixture(scope="module")
def faces() -> NDArray[np.uint8]:
    """A face, sharp and blurred by sigma 2: (2, 3, 160, 160)."""
    sharp = data.astronaut()[20:180, 160:320].transpose(2, 0, 1)
    return np.stack([sharp, np.uint8(np.round(gaussian_filter(sharp.astype(float), (0, 2, 2), mode="mirror")))])


@pytest.fixture
def folder(tmp_path: Path, faces: NDArray[np.uint8]) -> Path:
    for name, face in zip(("sharp", "soft"), faces, strict=True):
        Image.fromarray(face.transpose(1, 2, 0)).save(tmp_path / f"{name}.png")
    (tmp_path / "torn.png").write_bytes(b"no picture")
    return tmp_path


def test_a_folder_is_a_row_a_picture_as_the_command_says(folder: Path) -> None:
    said = json.loads(CliRunner().invoke(app, ["probe", "--json", "--side", "64", str(folder)]).stdout)
    frame = bb.probe(folder, side=64).set_index("file")
    for fact in said["pictures"]:
        row = frame.loc[fact["file"]]
        for name in ("sigma_px", "side_sigma_px", "width", "windows_read", "noise_255"):
            assert row[name] == fact[name]
        assert row.hints == "; ".join(fact["hints"])
    (refused,) = said["refused"]
    assert frame.loc[refused["file"]].reason == refused["reason"]
    assert len(frame) == 3


def test_images_are_read_as_the_files_that_hold_them(folder: Path, faces: NDArray[np.uint8]) -> None:
    wanted = bb.probe([folder / "sharp.png", str(folder / "soft.png")]).sigma_px.tolist()
    assert wanted[1] == pytest.approx(2, abs=0.4)
    assert wanted[0] < 1
    assert bb.probe(faces).sigma_px.tolist() == wanted
    assert bb.probe(torch.from_numpy(faces) / 255).sigma_px.tolist() == pytest.approx(wanted, abs=0.02)
    assert bb.probe(faces[:, :1], estimator="laplacian-variance").file.tolist() == ["image 0", "image 1"]


def test_what_cannot_be_read_is_said_in_one_line(faces: NDArray[np.uint8]) -> None:
    with pytest.raises(UsageError, match="nowhere: there is no such file or folder"):
        bb.probe("nowhere")
    with pytest.raises(UsageError, match="cnn-sigma: it has to be fitted first"):
        bb.probe(faces, estimator="cnn-sigma")
    with pytest.raises(UsageError, match=r"images must be \(N, C, H, W\)"):
        bb.probe(faces[0])
    assert bb.probe(faces[:, :2]).reason.tolist() == ["an image has 2 channels, wanted 1 or 3"] * 2
    assert bb.probe(faces[..., :20]).reason.str.contains("at least 32x32 are needed").all()
