"""Runs on images that take many times the memory that they may: the same records, in no more memory than that."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from blurbench.errors import UsageError
from blurbench.running.session import Request, Session, bytes_of
from tests.conftest import Command
from tests.running.tiny import differences, records

pytestmark = pytest.mark.processes

SUITE = """
name = "photos"
version = 1
title = "Photos"
datasets = ["imagefolder[path={photos}, side={side}]"]
train_blurs = ["gaussian[sigma={{low=0.5, high=2}}]"]
test_blurs = ["none", "chain[steps=[gaussian[sigma=2], gaussian-noise[std=2], round-8bit]]"]
[[matrix]]
classifiers = [{classifiers}]
strategies = [{strategies}]
[budgets.quick]
train_images = 10000
validation_images = 10000
test_images = 10000
epochs = 1
finetune_epochs = 1
restorer_epochs = 1
augment = "flip-crop"
"""
CNN, VIT = "'cnn3[widths=[4, 4, 4]]'", "'vit[width=24, depth=1, patch=8]'"
STRATEGIES = (
    "plain",
    "retrain",
    "blur-augment",
    "standardise",
    "bn-adapt[batch=200]",
    "deblur-then-classify[restorer=wiener, classifier=clean]",
    "deblur-then-classify[restorer=wiener]",
    "deblur-joint[restorer=unet[kernel=3, widths=[4, 4, 4]]]",
    "router[estimator=laplacian-variance]",
)


def suite_of_photos(folder: Path, count: int, side: int, classifiers: str, strategies: tuple[str, ...]) -> Path:
    """A suite of so many random pictures in two classes, one coarser than the other."""
    draws, photos = np.random.default_rng(0), folder / "photos"
    for number in range(count):
        cells = 8 if number % 2 else side
        picture = Image.fromarray(draws.integers(0, 256, (cells, cells, 3), np.uint8)).resize((side, side))
        place = photos / f"class{number % 2}"
        place.mkdir(parents=True, exist_ok=True)
        picture.save(place / f"{number}.bmp")
    path = folder / "photos.toml"
    wanted = ", ".join(f"'{strategy}'" for strategy in strategies)
    path.write_text(SUITE.format(photos=photos, side=side, classifiers=classifiers, strategies=wanted))
    return path


def test_every_way_of_fitting_and_restoring_gives_the_same_records_in_little_memory(tmp_path: Path) -> None:
    suite = suite_of_photos(tmp_path, 700, 16, f"{CNN}, {VIT}", STRATEGIES)
    for out, memory in (("all", None), ("little", 1_000_000)):  # all images take 2 MB, those that train 1.5
        request = Request(str(suite), out=tmp_path / out, jobs=0, memory=memory, timing=False, metrics=("margin",))
        outcome = Session(request).run()
        assert {outcome.status[key] for key in outcome.status} <= {"ok", "skipped"}, outcome.reasons
    held, streamed = (parted(flat(records(tmp_path / out))) for out in ("all", "little"))
    assert streamed[0] == held[0]
    # Batches of other sizes may round otherwise in the last digit, and a fit goes on from there.
    assert streamed[1] == pytest.approx(held[1], rel=1e-5, abs=1.01e-4)


def flat(content: Any, place: str = "") -> dict[str, Any]:
    """Every value of nested content, by its place."""
    if not isinstance(content, dict | list):
        return {place: content}
    inner = content.items() if isinstance(content, dict) else enumerate(content)
    return {name: value for key, one in inner for name, value in flat(one, f"{place}/{key}").items()}


def parted(values: dict[str, Any]) -> tuple[dict[str, Any], dict[str, float]]:
    """What no rounding touches (labels, predictions, counts, words), and the other numbers."""
    numbers = {place: value for place, value in values.items() if isinstance(value, float)}
    return {place: value for place, value in values.items() if place not in numbers}, numbers


RUN_WITHIN = """
import resource, sys
from pathlib import Path
from blurbench.running.session import Request, Session

def data():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith("VmData"))

few, suite, out, memory, beside = sys.argv[1:]
Session(Request(few, out=Path(out + "-few"), jobs=0, timing=False)).run()  # all is imported now
resource.setrlimit(resource.RLIMIT_DATA, (data() + int(beside),) * 2)
outcome = Session(Request(suite, out=Path(out), jobs=0, memory=int(memory), timing=False)).run()
print(*sorted(set(outcome.status.values())), *outcome.reasons.values())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits a process's data")
def test_ten_times_the_memory_that_images_may_take_works_in_a_process_that_could_not_hold_them(tmp_path: Path) -> None:
    strategies = ("plain", "retrain", "deblur-then-classify[restorer=wiener, classifier=clean]")
    suite = suite_of_photos(tmp_path, 4_000, 32, CNN, strategies)
    (tmp_path / "few").mkdir()
    few = suite_of_photos(tmp_path / "few", 40, 32, CNN, strategies)
    size = 4_000 * 3 * 32 * 32 * 4
    given = (str(few), str(suite), str(tmp_path / "little"), str(size // 10), str(size))
    environment = {**os.environ, "MALLOC_TRIM_THRESHOLD_": "100000"}
    command = [sys.executable, "-c", RUN_WITHIN, *given]
    process = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False, env=environment)
    assert process.stdout == "ok\n", process.stdout + process.stderr[-1000:]
    Session(Request(str(suite), out=tmp_path / "all", jobs=0, timing=False)).run()
    assert not differences(records(tmp_path / "all"), records(tmp_path / "little"))


def test_a_size_is_read_in_the_usual_units_and_nonsense_is_refused(blurbench: Command) -> None:
    assert [bytes_of(size) for size in ("2GB", "1.5GiB", "800 MB", "5000000")] == [2e9, 1.5 * 2**30, 8e8, 5e6]
    for size, reason in (("many", "is no size; say 2GB"), ("2kB", "no batch of images can be held")):
        with pytest.raises(UsageError, match=reason):
            bytes_of(size)


def test_workers_share_the_memory_and_no_key_depends_on_it(tmp_path: Path) -> None:
    session = Session(Request("smoke", out=tmp_path, jobs=2, memory=10**9))
    assert [options.memory for options in session.slots(5)] == [5 * 10**8] * 2
    assert session.plan.tasks.keys() == Session(Request("smoke", out=tmp_path)).plan.tasks.keys()
    assert "--memory 1000000000B" in " ".join(session.request.words)
    assert "memory" not in session.request.command
