"""blurbench-torchmetrics keeps the contract; LPIPS is what its paper says, here with weights that nobody trained."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch
import torchmetrics
from blurbench_torchmetrics import Lpips
from sklearn.datasets import load_sample_image
from torch.nn import functional as F
from torchvision import models

import blurbench as bb
from blurbench.contract import Answered
from blurbench.errors import Unavailable
from blurbench.testing import check_plugin, parametrize_plugins

FILE = "squeezenet1_1-b8a52dc0.pth"
"""What torchvision calls the weights."""


@pytest.fixture(autouse=True, scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Torch's folder with weights of the real names and shapes, but drawn, since the real ones are in no package."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TORCH_HOME", str(home := tmp_path_factory.mktemp("torch")))
        (checkpoints := home / "hub" / "checkpoints").mkdir(parents=True)
        for name, file in (("squeezenet1_1", FILE), ("alexnet", "alexnet-owt-7be5be79.pth")):
            torch.manual_seed(0)
            weights = models.get_model(name, weights=None).state_dict()
            # The classifier is not used; one number for all of its weights keeps the file small.
            unused = {key: torch.zeros(1).expand(value.shape) for key, value in weights.items() if "classifier" in key}
            torch.save({**weights, **unused}, checkpoints / file)
        yield checkpoints


def photographs(side: int = 64, count: int = 4) -> torch.Tensor:
    """(count, 3, side, side) in [0, 1]."""
    picture = torch.from_numpy(load_sample_image("china.jpg").transpose(2, 0, 1).copy()) / 255
    return torch.stack([picture[:, 100:, 90 * at :][:, :side, :side] for at in range(count)])


def answered(sharp: torch.Tensor | None, blurred: torch.Tensor, restored: torch.Tensor | None = None) -> Answered:
    count = len(blurred)
    return Answered(torch.zeros(count, 10), torch.zeros(count, dtype=torch.int64), sharp, blurred, restored)


def blurred(images: torch.Tensor, sigma: float) -> torch.Tensor:
    return bb.blur(images, f"gaussian[sigma={sigma}]").clamp(0, 1)


LPIPS = Lpips("squeeze")


@parametrize_plugins("blurbench-torchmetrics")
def test_every_promise_of_the_contract_is_kept(plugin: Any) -> None:
    assert check_plugin(plugin).unchecked == []


def test_the_distance_is_the_papers_formula(folder: Path) -> None:
    """Unit vectors of features at every pixel: squared differences, weighed; mean over pixels; the layers' sum."""
    sharp, seen = photographs(), blurred(photographs(), 1.5)
    network = models.squeezenet1_1(weights=None)
    network.load_state_dict(torch.load(folder / FILE, weights_only=True))
    stored = Path(torchmetrics.__file__).parent / "functional/image/lpips_models/squeeze.pth"
    heads = torch.load(stored, map_location="cpu", weights_only=True)
    mean, deviation = torch.tensor([[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]])[:, :, None, None]
    total = torch.zeros(len(sharp))
    with torch.no_grad():
        # The paper's own standardisation, of images in [-1, 1], is ImageNet's to three digits.
        pair = [(images - mean) / deviation for images in (sharp, seen)]
        ends = [1, 4, 7, 9, 10, 11, 12]
        for at, layer in enumerate(network.features):
            pair = [layer(images) for images in pair]
            if at in ends:
                one, other = (F.normalize(images, dim=1) for images in pair)
                weights = heads[f"lin{ends.index(at)}.model.1.weight"]
                total += F.conv2d((one - other).square(), weights).mean((1, 2, 3))
    torch.testing.assert_close(LPIPS.measure(answered(sharp, seen)), total, rtol=0.01, atol=1e-5)


def test_a_wider_blur_is_further_from_the_sharp_image_which_is_at_0_from_itself() -> None:
    sharp = photographs()
    distances = [LPIPS.measure(answered(sharp, blurred(sharp, sigma))) for sigma in (0.5, 1.0, 2.0)]
    assert (distances[0] < distances[1]).all()
    assert (distances[1] < distances[2]).all()
    assert LPIPS.measure(answered(sharp, sharp)).tolist() == [0.0] * 4


def test_the_restored_images_are_looked_at_where_there_are_any() -> None:
    sharp, seen = photographs(), blurred(photographs(), 2.0)
    torch.testing.assert_close(LPIPS.measure(answered(sharp, seen, sharp)), torch.zeros(4))
    torch.testing.assert_close(LPIPS.measure(answered(sharp, sharp, seen)), LPIPS.measure(answered(sharp, seen)))


def test_grey_images_count_as_grey_colours_and_values_beyond_the_range_as_its_ends() -> None:
    sharp = photographs().mean(1, keepdim=True)
    seen = blurred(sharp, 1.0)
    expected = LPIPS.measure(answered(sharp.expand(-1, 3, -1, -1), seen.expand(-1, 3, -1, -1)))
    torch.testing.assert_close(LPIPS.measure(answered(sharp, seen)), expected)
    over = torch.where(seen == seen.amax(), 9.0, seen)
    ends = torch.where(seen == seen.amax(), 1.0, seen)
    torch.testing.assert_close(LPIPS.measure(answered(sharp, over)), LPIPS.measure(answered(sharp, ends)))


def test_it_says_nothing_of_small_images_and_without_a_sharp_image() -> None:
    small = photographs(31)
    assert LPIPS.measure(answered(small, small)).isnan().all()
    assert LPIPS.measure(answered(None, photographs())).isnan().all()
    assert LPIPS.measure(answered(photographs(32), photographs(32))).tolist() == [0.0] * 4


@pytest.fixture
def without_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "empty"))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")  # no download, whatever this machine can reach


LACKING = rf"lpips needs the ImageNet weights of squeezenet1_1, .* get https://\S+{FILE} elsewhere and put it into \S+"


@pytest.mark.usefixtures("without_weights")
def test_weights_that_are_not_here_are_named_with_where_to_put_them() -> None:
    with pytest.raises(Unavailable, match=LACKING):
        LPIPS.prepare()
    with pytest.raises(Unavailable, match=LACKING):
        LPIPS.measure(answered(photographs(), photographs()))


def run(folder: Path) -> subprocess.CompletedProcess[str]:
    chosen = "--suite blind-pipeline --strategy wiener-spectral --limit 200 --test-blur unknown"
    words = [*f"run {chosen} --metric lpips[network=squeeze] -j 1 --no-timing --out".split(), str(folder)]
    return subprocess.run([sys.executable, "-m", "blurbench", *words], capture_output=True, text=True, timeout=600)


def test_a_run_shows_it_beside_psnr(tmp_path: Path) -> None:
    done = run(tmp_path)
    assert done.returncode == 0, done.stderr
    (board,) = (tmp_path / "boards").glob("*.csv")
    assert (pd.read_csv(board)["lpips[network=squeeze]"] > 0).any()


@pytest.mark.usefixtures("without_weights")
def test_a_run_without_the_weights_ends_before_anything_is_fitted(tmp_path: Path) -> None:
    done = run(tmp_path / "results")
    assert done.returncode == 1
    assert re.fullmatch(rf"blurbench: {LACKING}\n", done.stderr.splitlines(keepends=True)[-1])
    folders = [tmp_path / "results" / name for name in ("records", "artifacts", "boards")]
    assert not [path for folder in folders for path in folder.rglob("*") if path.is_file()]
