"""`blurbench time` as a user types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import Command


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--sizes", "HDD"], "unknown size 'HDD'; did you mean 'HD'?"),
        (["--family", "gausian"], "unknown blur family 'gausian'; did you mean 'gaussian, varying'?"),
        (["--only", "blurs"], "unknown part of --only 'blurs'; did you mean 'blur'?"),
        (["--out", "times.txt"], "--out times.txt: the name must end in .md"),
        (["--out", "nowhere/times.md"], "there is no folder nowhere"),
        (["--device", "abacus"], "--device abacus cannot be had"),
    ],
)
def test_a_mistake_is_one_line_and_nothing_is_timed(blurbench: Command, arguments: list[str], says: str) -> None:
    result = blurbench("time", *arguments)
    assert result.returncode == 2
    assert says in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    assert result.stdout == ""


def test_a_first_look_gives_a_table_a_file_and_its_json(blurbench: Command, tmp_path: Path) -> None:
    arguments = ["--quick", "--only", "blur", "--sizes", "M", "--family", "diagonal", "--threads", "1"]
    result = blurbench("time", *arguments, "--out", str(tmp_path / "times.md"))
    assert result.returncode == 0, result.stderr
    assert "[1/1 " in result.stderr
    assert "| diagonal line | " in result.stdout
    text = (tmp_path / "times.md").read_text()
    assert "blurbench time --quick --only blur --sizes M --family diagonal --threads 1 --out times.md" in text
    assert str(tmp_path) not in text
    content = json.loads((tmp_path / "times.json").read_text())
    (group,) = content["groups"]
    assert group["rows"][0]["name"] == "blurbench"
    assert content["limits"]["copy"] > 0
    assert content["machine"]["threads"] == 1
    ratio = min(r["seconds"] for r in group["rows"] if not r["remark"] and "blurbench" not in r["name"])
    assert f"{ratio / group['rows'][0]['seconds']:.2f}x " in text


def test_without_the_peers_torch_remains_and_the_note_says_how_to_get_them(blurbench: Command, tmp_path: Path) -> None:
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    for name in ("kornia", "deepinv", "cv2"):
        (hidden / f"{name}.py").write_text("raise ImportError('hidden for this test')\n")
    arguments = ["--quick", "--only", "blur", "--sizes", "M", "--family", "diagonal", "--threads", "1"]
    result = blurbench("time", *arguments, PYTHONPATH=str(hidden))
    assert result.returncode == 0, result.stderr
    assert "kornia is not installed and was left out: pip install 'blurbench[peers]'" in result.stdout
    assert "| diagonal line | " in result.stdout
