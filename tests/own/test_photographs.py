"""A folder of pictures and their classes, and whether a network answers these."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from blurbench.errors import BlurbenchError, UsageError
from blurbench.own.diagnosis import look
from blurbench.own.photographs import photographs_in
from blurbench.registry import Registry
from tests.own.camera import CLASSES, SIDE, asked, some


def test_a_folder_that_is_none_is_one_line(registry: Registry, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no such folder; give one with a folder a class in it"):
        photographs_in(registry, tmp_path / "nowhere")
    (tmp_path / "broken.png").write_bytes(b"no picture")
    with pytest.raises(UsageError, match=r"no picture in it can be read; the first: .*broken\.png"):
        look(photographs_in(registry, tmp_path), SIDE, "spectral")


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
