"""`blurbench diagnose` as a user types it."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner

from blurbench.cli.app import app
from tests.own.camera import CLASSES, EACH, SIDE, asked, some


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
