"""A camera and a trained network: how blurred, at what cost, and what pays."""

from __future__ import annotations

import html
import json
import re
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from blurbench_datasets.packaged import packaged_file
from PIL import Image, ImageFilter
from torch import nn
from torchvision import models
from typer.testing import CliRunner, Result

from blurbench.cli.app import app
from blurbench.errors import BlurbenchError, UsageError
from blurbench.matrix.suite import AccuracySuite, find
from blurbench.metrics.intervals import Interval
from blurbench.own.diagnosis import GAUSSIANS, Diagnosis, Look, Seen, chosen_blurs, diagnose, look, write
from blurbench.own.photographs import Photographs, photographs_in
from blurbench.registry import Registry
from blurbench.registry.discovery import discover
from blurbench.running.session import Request

CLASSES = ("astronaut", "grass", "gravel")
EACH = 8
SIDE = 64
NETWORK = """
from torch import nn
from torchvision import models

def build(classes):
    first = [nn.Conv2d(3, 8, 5, 2, 2), nn.BatchNorm2d(8), nn.ReLU()]
    second = [nn.Conv2d(8, 16, 3, 2, 1), nn.BatchNorm2d(16), nn.ReLU()]
    return nn.Sequential(*first, *second, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, classes))
"""


def crop(label: int, draws: np.random.Generator) -> Image.Image:
    """A square of 128 pixels of one of three photographs, in colour."""
    whole = Image.open(packaged_file("skimage", f"data/{CLASSES[label]}.png", "scikit-image")).convert("RGB")
    left, top = (int(draws.integers(0, length - 128)) for length in whole.size)
    return whole.crop((left, top, left + 128, top + 128))


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of each class half as drawn, half out of focus."""
    folder, draws = tmp_path_factory.mktemp("photographs"), np.random.default_rng(5)
    for label, name in enumerate(CLASSES):
        (folder / name).mkdir()
        for number in range(EACH):
            picture = crop(label, draws)
            if number % 2:
                picture = picture.filter(ImageFilter.GaussianBlur(3))
            picture.save(folder / name / f"{number}.png")
    return folder


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A small network, trained here on sharp pictures, as an expression."""
    folder, draws, scope = tmp_path_factory.mktemp("network"), np.random.default_rng(6), {}
    (folder / "net.py").write_text(NETWORK)
    exec(NETWORK, scope)
    torch.manual_seed(0)
    module: nn.Module = scope["build"](3)
    labels = torch.arange(60) % 3
    images = [np.asarray(crop(int(label), draws).resize((SIDE, SIDE), Image.Resampling.BILINEAR)) for label in labels]
    batch = torch.from_numpy(np.stack(images)).float().permute(0, 3, 1, 2) / 255
    mean, deviation = (torch.tensor(one)[:, None, None] for one in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    batch = (batch - mean) / deviation
    optimiser = torch.optim.Adam(module.parameters(), 1e-2)
    for _ in range(60):
        optimiser.zero_grad()
        nn.functional.cross_entropy(module(batch), labels).backward()
        optimiser.step()
    torch.save(module.state_dict(), folder / "net.pt")
    return f"checkpoint[network='{folder}/net.py:build', weights='{folder}/net.pt']"


@pytest.fixture(scope="module")
def seen(photographs: Path) -> Look:
    return look(photographs_in(discover(), photographs), SIDE, "spectral")


def wanted(folder: Path, classifier: str) -> Request:
    """Measured in this process."""
    only = {"classifier": (classifier,)}
    return Request("diagnosis", "quick", folder / "results", only=only, device="cpu", jobs=0, timing=False)


@pytest.fixture(scope="module")
def diagnosis(seen: Look, network: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[Diagnosis, Path]:
    folder = tmp_path_factory.mktemp("diagnosis")
    return diagnose(seen, wanted(folder, network)), folder


def test_the_pictures_out_of_focus_are_told_from_the_others(seen: Look, photographs: Path) -> None:
    sharp = {photographs / name / f"{number}.png" for name in CLASSES for number in range(0, EACH, 2)}
    assert (
        len(sharp & {one.path for one in seen.sharper_half}) >= len(sharp) - 1
    )  # what is smooth by itself reads as blurred
    assert abs(seen.summary.blurred - len(sharp)) <= 2
    assert 1.0 < seen.added_sigma < 3.0  # 3 pixels of 128, reduced to 64
    assert seen.lacking == ""


def test_what_blur_costs_is_measured_around_the_strength_that_was_read(
    seen: Look, diagnosis: tuple[Diagnosis, Path]
) -> None:
    found, _ = diagnosis
    assert found.failures == ()
    assert found.photographs is not None
    assert found.photographs.rows[0].n == 3 * EACH
    assert found.sharp is not None
    assert {row.n for row in found.sharp.rows} == {3 * EACH // 2}
    strengths = [float(block.test_blur.split("=")[1].rstrip("]")) for block in found.blurred]
    assert len(strengths) == 3
    assert min(strengths) <= seen.added_sigma * 1.2
    assert max(strengths) >= seen.added_sigma / 1.2
    assert found.sharp.baseline is not None
    assert found.photographs.baseline is not None
    assert found.sharp.baseline.estimate > 0.9 > found.photographs.baseline.estimate
    names = {row.strategy for row in found.photographs.rows}
    assert {"plain", "bn-adapt", "tent", "sharpened", "spectral-wiener"} <= names


def test_the_advice_and_the_page_say_the_same_as_the_figures(diagnosis: tuple[Diagnosis, Path]) -> None:
    found, folder = diagnosis
    page, answer = write(found, folder)
    facts = json.loads(answer.read_text())
    text = page.read_text()
    advice = facts["advice"]
    assert advice[0].startswith(f"{found.look.summary.blurred} of {3 * EACH} pictures are blurred")
    plain = next(row for row in facts["blocks"][0]["rows"] if row["row"] == "plain")
    assert f"right on {100 * plain['top1'][0]:.0f}% [" in advice[1]
    assert found.photographs is not None
    assert all(row.rank_low == 1 for row in found.photographs.rows)  # 24 pictures tell nothing apart
    best = found.remedies[0]
    assert best.gain is not None
    assert best.gain.low > 0
    assert "no remedy that needs no training surely wins: keep the network as it is" in advice[-1]
    assert f"{best.strategy} would win {100 * best.gain.estimate:.1f} [" in advice[-1]
    assert text.count("<table>") == len(facts["blocks"]) + 1
    assert "http" not in text.replace("http-equiv", "")
    assert all(sentence in html.unescape(text) for sentence in advice)
    assert all(f'<td class="name">{row["row"]}</td>' in text for block in facts["blocks"] for row in block["rows"])


def test_a_report_replaces_an_older_one_and_no_file_of_the_users(
    diagnosis: tuple[Diagnosis, Path], tmp_path: Path
) -> None:
    found, _ = diagnosis
    assert write(found, tmp_path) == write(found, tmp_path)
    own = tmp_path / "own"
    own.mkdir()
    (own / "diagnosis.json").write_text("{}")
    with pytest.raises(UsageError, match="was not written by blurbench"):
        write(found, own)
    assert [path.name for path in own.iterdir()] == ["diagnosis.json"]


def test_a_remedy_that_surely_wins_on_the_pictures_as_they_are_is_the_advice(
    diagnosis: tuple[Diagnosis, Path],
) -> None:
    found, _ = diagnosis
    assert found.photographs is not None
    best, *others = found.photographs.rows
    sure = replace(best, gain=Interval(0.2, 0.1, 0.3))
    beaten = [replace(row, rank_low=2) if row.is_baseline else row for row in others]
    told = replace(found, photographs=replace(found.photographs, rows=(sure, *beaten)))
    assert list(told.advice())[-1].startswith(
        f"Use {best.strategy}: on these pictures it wins 20.0 [10.0, 30.0] points"
    )
    untold = replace(found, photographs=replace(found.photographs, rows=(sure, *others)))
    assert list(untold.advice())[-1].startswith("On these pictures as they are no remedy")


def test_a_second_diagnosis_measures_nothing_again(seen: Look, diagnosis: tuple[Diagnosis, Path]) -> None:
    found, folder = diagnosis
    records = {path: path.stat().st_mtime_ns for path in (folder / "results" / "records").rglob("*.json")}
    again = diagnose(seen, wanted(folder, found.classifier))
    assert records == {path: path.stat().st_mtime_ns for path in (folder / "results" / "records").rglob("*.json")}
    assert again.facts() == found.facts()


def test_without_labels_it_says_how_blurred_and_what_is_missing(photographs: Path, tmp_path: Path) -> None:
    shutil.copytree(photographs / "grass", tmp_path / "pictures")
    arguments = [
        "diagnose",
        "--images",
        str(tmp_path / "pictures"),
        "--classifier",
        "timm[model=resnet18]",
        "--side",
        str(SIDE),
    ]
    done = CliRunner().invoke(app, [*arguments, "--out", str(tmp_path / "report")])
    assert done.exit_code == 0, done.output
    assert f"{EACH // 2} of {EACH} pictures are blurred" in done.stdout
    assert "no labels: put the pictures into one folder a class, FOLDER/CLASS/FILE" in done.stdout
    assert (tmp_path / "report" / "diagnosis.html").is_file()
    assert not (tmp_path / "report" / "results").exists()


def test_a_folder_that_is_none_is_one_line(registry: Registry, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no such folder; give one with a folder a class in it"):
        photographs_in(registry, tmp_path / "nowhere")
    (tmp_path / "broken.png").write_bytes(b"no picture")
    with pytest.raises(UsageError, match=r"no picture in it can be read; the first: .*broken\.png"):
        look(photographs_in(registry, tmp_path), SIDE, "spectral")


def test_motion_is_tried_at_the_lengths_nearest_to_what_was_read(registry: Registry, tmp_path: Path) -> None:
    suite = find(registry, "diagnosis").under("quick")
    assert isinstance(suite, AccuracySuite)
    still = [Seen(tmp_path / "a" / f"{number}.png", "a", 0.5, 0.4, None) for number in range(8)]
    moved = [Seen(tmp_path / "b" / f"{length}.png", "b", 2.0, 0.4, length) for length in (7.0, 8.0, 11.0)]
    given = Photographs(tmp_path, (), {}, ("a", "b"), tmp_path)
    found = Look(given, SIDE, (*still, *moved), (), 3.0)
    assert found.motion == 8.0
    assert chosen_blurs(registry, suite, found)[GAUSSIANS:] == ["linear-motion[length=5]", "linear-motion[length=9]"]
    few = Look(given, SIDE, (*still, *still, *still, moved[0]), (), 3.0)
    assert few.motion is None
    assert len(chosen_blurs(registry, suite, few)) == GAUSSIANS


def test_a_report_among_the_pictures_is_refused(seen: Look, photographs: Path) -> None:
    with pytest.raises(UsageError, match=r"report: this lies among the pictures; give --out a folder elsewhere"):
        diagnose(seen, wanted(photographs / "report", "timm[model=resnet18]"))


# --- classes and labels --------------------------------------------------------------------------------------------


FEW = """
name = "few"
version = 1
title = "The network and nothing else"
datasets = ["imagefolder"]
test_blurs = ["none", "gaussian[sigma=1]"]
[[matrix]]
classifiers = ["timm[model=resnet18]"]
strategies = ["plain"]
"""
SHARP = (0, 2)


def some(photographs: Path, folder: Path, names: Sequence[str], numbers: Sequence[int] = SHARP) -> Path:
    """Some pictures of some classes."""
    for name in names:
        (folder / name).mkdir(parents=True)
        for number in numbers:
            shutil.copy(photographs / name / f"{number}.png", folder / name)
    return folder


def asked(images: Path, network: str, out: Path, *more: str) -> Result:
    """`blurbench diagnose` in this process."""
    suite = images.with_name("few.toml")
    suite.write_text(FEW)
    usual = ("--suite", str(suite), "-b", "standard", "--side", str(SIDE), "-j", "0", "--out", str(out), "--json")
    return CliRunner().invoke(app, ["diagnose", "--images", str(images), "--classifier", network, *usual, *more])


@pytest.mark.parametrize("from_folder", [False, True])
def test_pictures_of_some_classes_are_found_among_the_networks_by_name(
    photographs: Path, network: str, tmp_path: Path, from_folder: bool
) -> None:
    images = some(photographs, tmp_path / "some", CLASSES[1:])
    names = tmp_path / "names.txt"
    names.write_text("\n".join(CLASSES) + "\n")
    done = asked(images, network, tmp_path / "out", "--classes", str(photographs if from_folder else names))
    assert done.exit_code == 0, done.output
    (plain,) = (row for row in json.loads(done.stdout)["blocks"][0]["rows"] if row["row"] == "plain")
    assert (plain["images"], plain["top1"][0]) == (4, 1.0)  # grass and gravel are its second and third


@pytest.mark.parametrize(
    ("classes", "says"),
    [
        (None, "net.pt answers 3 classes and the data set has 2: where it lacks some, name all"),
        ("astronaut\ngras\ngravel\n", "class 'grass' is none of the network's 3 classes; did you mean 'gras'?"),
        ("grass\ngravel\n", "net.pt answers 3 classes and the data set has 2"),
        ("grass\ngravel\ngrass\n", "names.txt: 'grass' is there twice; name each of the network's classes"),
        ("", "names.txt: it is empty; name each of the network's classes"),
    ],
)
def test_what_cannot_be_mapped_is_one_line_before_any_picture_is_read(
    photographs: Path, network: str, tmp_path: Path, classes: str | None, says: str
) -> None:
    images, names = some(photographs, tmp_path / "some", CLASSES[1:]), tmp_path / "names.txt"
    names.write_text(classes or "")
    more = () if classes is None else ("--classes", str(names))
    with pytest.raises(BlurbenchError, match=re.escape(says)):
        raise asked(images, network, tmp_path / "out", *more).exception or AssertionError
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (("--budget", "medium"), "unknown budget of suite few: 'medium'; known: standard"),
        (("--suite", "kernel-estimation", "-b", "quick"), "a diagnosis needs one of classifiers"),
        (("--out", "{images}/report"), "this lies among the pictures; give --out a folder elsewhere"),
        (("--out", "{images}/.."), "diagnosis.json was not written by blurbench, so it stays"),
    ],
)
def test_a_wrong_request_is_refused_before_any_picture_is_read(
    photographs: Path, network: str, tmp_path: Path, more: Sequence[str], says: str
) -> None:
    images = some(photographs, tmp_path / "some", CLASSES)
    (images / "grass" / "0.png").write_bytes(b"never read")
    (tmp_path / "diagnosis.json").write_text("mine")
    done = asked(images, network, tmp_path / "out", *(word.format(images=images) for word in more))
    assert says in str(done.exception)
    assert "Reading" not in done.output


def test_of_a_folder_with_parts_the_test_pictures_are_measured_under_the_classes_of_all(
    photographs: Path, network: str, tmp_path: Path
) -> None:
    images, deep = tmp_path / "parts", Path("gravel", "100%")
    some(photographs, images / "train", CLASSES, [4])
    shutil.copytree(some(photographs, tmp_path / "more", ["gravel"]) / "gravel", images / "test" / deep)
    (images / "test" / "gravel" / "cut.png").write_bytes((photographs / "gravel" / "4.png").read_bytes()[:999])
    done = asked(images, network, tmp_path / "out")
    assert done.exit_code == 0, done.output
    facts = json.loads(done.stdout)
    assert (facts["lacking"], facts["pictures"]["pictures"], len(facts["refused"])) == ("", 2, 1)
    (plain,) = (row for row in facts["blocks"][0]["rows"] if row["row"] == "plain")
    assert (plain["images"], plain["top1"][0]) == (2, 1.0)  # gravel is the third of three


def test_pictures_laid_out_otherwise_are_read_and_the_first_that_is_out_of_place_is_named(
    photographs: Path, network: str, tmp_path: Path
) -> None:
    images = some(photographs, tmp_path / "odd", CLASSES)
    shutil.copy(photographs / "grass" / "4.png", images)
    done = asked(images, network, tmp_path / "out")
    assert done.exit_code == 0, done.output
    facts = json.loads(done.stdout)
    assert facts["lacking"].startswith(f"no labels: {images}: 4.png is not in CLASS/; move it there or elsewhere")
    assert (facts["pictures"]["pictures"], facts["blocks"]) == (7, [])


def test_a_published_network_is_measured_with_its_own_weights(
    photographs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    (tmp_path / "hub" / "checkpoints").mkdir(parents=True)
    url = models.SqueezeNet1_1_Weights.IMAGENET1K_V1.url
    torch.save(models.squeezenet1_1().state_dict(), tmp_path / "hub" / "checkpoints" / url.rpartition("/")[2])
    images, names = some(photographs, tmp_path / "some", CLASSES[1:]), tmp_path / "names.txt"
    names.write_text("\n".join([*CLASSES, *map(str, range(997))]))
    published = "torchvision[model=squeezenet1_1, weights=imagenet1k-v1]"
    done = asked(images, published, tmp_path / "out", "--classes", str(names), "--no-timing")
    assert done.exit_code == 0, done.output
    facts = json.loads(done.stdout)
    assert facts["failures"] == []
    assert facts["blocks"][0]["rows"][0]["images"] == 4
    assert facts["blocks"][0]["rows"][0]["requires"] == []  # nothing was fitted
