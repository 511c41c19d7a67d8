"""`blurbench leaderboard`: a board written again, and published."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import READING
from tests.conftest import Command


def test_a_damaged_manifest_is_named_and_the_run_writes_it_again(
    blurbench: Command, smoked: Path, tmp_path: Path
) -> None:
    shutil.copytree(smoked, tmp_path / "blurbench-results")
    (tmp_path / "blurbench-results" / "boards" / "smoke.v1.quick.json").write_text("{")
    refused = blurbench("leaderboard")
    assert refused.returncode == 2
    assert "the manifest of board 'smoke.v1.quick' is damaged; the run that made it writes it again" in refused.stderr
    assert blurbench("run", "--suite", "smoke", "-j", "0").returncode == 0
    assert blurbench("leaderboard").returncode == 0


def test_leaderboard_writes_the_same_bytes_again_and_publishes_pictures(
    blurbench: Command, smoked: Path, tmp_path: Path
) -> None:
    board = smoked / "boards" / "smoke.v1.quick.md"
    before = board.read_bytes()
    result = blurbench("leaderboard", "--out", str(smoked), "--publish", str(tmp_path / "published"))
    assert result.returncode == 0, result.stderr
    assert board.read_bytes() == before
    assert {path.name for path in (tmp_path / "published").iterdir()} == {
        "smoke.v1.quick.md",
        "smoke.v1.quick.csv",
        "smoke.v1.quick.html",
        "smoke.v1.quick.json",
        "smoke.v1.quick.tex",
        "smoke.v1.quick.png",
        "smoke.v1.quick.svg",
        "smoke.v1.quick.digits.gaussian-2.png",
        "README.md",
        "index.html",
    }


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (
            ["advise", "--blur", "gaussian[sigma=2]"],
            f"this command is for boards of classifiers; {READING} is of estimators",
        ),
        (["leaderboard", READING, "--baseline-classifier", "cnn3"], "--baseline-classifier says nothing there"),
        (["submit", "nosuch"], "no board 'nosuch' in "),
    ],
)
def test_what_estimators_have_none_of_is_one_line(
    blurbench: Command, estimated: Path, arguments: list[str], says: str
) -> None:
    result = blurbench(*arguments, "--out", str(estimated))
    assert result.returncode == 2
    assert says in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


def test_a_published_board_of_estimators_stands_on_the_front_page(
    blurbench: Command, estimated: Path, tmp_path: Path
) -> None:
    shutil.copytree(estimated, tmp_path / "results")
    done = blurbench("leaderboard", "--out", "results", "--publish", "pages")
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "pages" / "README.md").read_text()
    assert f"Sigma of a Gaussian read off single pictures]({READING}.md)**\n" in text
    assert "suite kernel-estimation version 1, budget quick; 3 estimators; text (2 pictures)\n" in text
    assert f'<a href="{READING}.md">' in (tmp_path / "pages" / "index.html").read_text()
    cells = json.loads((tmp_path / "pages" / f"{READING}.json").read_text())["cells"]
    assert len(cells) == 6
