"""A camera and a trained network: how blurred, at what cost, and what pays."""

from __future__ import annotations

import html
import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torchvision import models

from blurbench.errors import UsageError
from blurbench.matrix.suite import AccuracySuite, find
from blurbench.metrics.intervals import Interval
from blurbench.own.diagnosis import GAUSSIANS, Diagnosis, Look, Seen, chosen_blurs, diagnose, look, write
from blurbench.own.photographs import Photographs, photographs_in
from blurbench.registry import Registry
from blurbench.registry.discovery import discover
from blurbench.running.session import Request
from tests.own.camera import CLASSES, EACH, SIDE, asked, some


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
