"""`blurbench advise` as a user types it, with a results folder and with what was published from one."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from blurbench.cli.advise import advise
from blurbench.errors import BlurbenchError
from tests.cli.conftest import BOARD
from tests.conftest import Command


@pytest.fixture
def published(blurbench: Command, smoked: Path, tmp_path: Path) -> Path:
    """The JSON file of the published smoke board, in a folder of an awkward name."""
    folder = tmp_path / "boards"
    result = blurbench("leaderboard", "--out", str(smoked), "--publish", str(folder))
    assert result.returncode == 0, result.stderr
    return folder / f"{BOARD}.json"


def test_a_published_board_is_all_that_advice_needs(blurbench: Command, smoked: Path, published: Path) -> None:
    alone = published.rename(published.parent.parent / "board.json")
    for question in (
        ["--blur", "gaussian-2", "--keep-clean", "5%"],
        ["--blur", "gaussian[sigma=9]", "--budget-ms", "0.5"],
        ["--blur", "none"],
        ["--blur", "gaussian-2-sensor", "--no-fit", "--classifier", "vit[width=24, depth=1]"],
    ):
        from_records = blurbench("advise", *question, "--out", str(smoked))
        from_json = blurbench("advise", *question, "--board", str(alone))
        assert (from_json.returncode, from_json.stderr) == (0, "")
        assert from_json.stdout == from_records.stdout
        assert "Keep plain" in from_json.stdout or "Use " in from_json.stdout


def test_a_published_board_a_list_of_cells_and_a_results_folder_are_told_apart_and_answer_alike(
    blurbench: Command, smoked: Path, published: Path
) -> None:
    listed = smoked / "boards" / f"{BOARD}.json"
    answers = [
        blurbench("advise", "--blur", "none", "--board", str(path), "--json") for path in (listed, published, smoked)
    ]
    assert [json.loads(one.stdout)["board"] for one in answers] == [BOARD, BOARD, BOARD]
    assert len({one.stdout for one in answers}) == 1


@pytest.mark.parametrize(
    ("board", "asked", "says"),
    [
        ("nowhere.json", {}, r"nowhere\.json does not exist; give a board's JSON file"),
        ("list.json", {}, r"list\.json: this is no published board"),
        ("torn.json", {}, r"torn\.json: content: EOF"),
        ("later.json", {}, r"a newer blurbench wrote this board \(format 99\)"),
        (None, {"blur": "gausian-2"}, r"'gausian-2'; did you mean 'gaussian-2'\?"),
        (None, {"blur": "gaussian"}, "needs the parameter 'sigma'"),
        (None, {"blur": "gaussian[sigma=1|2]"}, "is a grid of 2; one is wanted here"),
        (None, {"blur": "box[side=3]"}, "no other blur of its family; measured are: gaussian-2, gaussian-2-sensor$"),
        (None, {"budget_ms": float("nan")}, "give milliseconds, such as 2"),
        (None, {"keep_clean": "much"}, "give percentage points, such as 1%"),
        (None, {"dataset": "digit"}, r"'digit'; did you mean 'digits'\?"),
    ],
)
def test_what_cannot_be_answered_is_one_line(
    smoked: Path, tmp_path: Path, board: str | None, asked: dict[str, Any], says: str
) -> None:
    if board in ("torn.json", "later.json"):
        (tmp_path / board).write_text('{"format": 99, "blocks": []}'[: 10 if board == "torn.json" else None])
    elif board == "list.json":
        shutil.copy(smoked / "boards" / f"{BOARD}.json", tmp_path / board)
    place: dict[str, Any] = {"board": str(tmp_path / board)} if board else {"out": smoked}
    with pytest.raises(BlurbenchError, match=says) as refused:
        advise(**{"blur": "none", **asked}, **place)
    assert len(str(refused.value).splitlines()) == 1


def test_advise_answers_in_a_sentence_and_a_table(blurbench: Command, smoked: Path) -> None:
    folder = ["--out", str(smoked), "--classifier", "cnn3[widths=[8, 16, 16]]"]
    text = blurbench("advise", "--blur", "gaussian[sigma=2.4]", *folder).stdout
    assert text.startswith(
        "gaussian[sigma=2.4] was not measured. This is about the nearest measured blur of its family"
    )
    assert "Under gaussian-2 (gaussian[sigma=2]) on digits" in text
    assert "1 seed, so intervals speak of images only" in text
    assert "| remedy" in text
    assert "Out of competition, told the true PSF: deblur-wiener" in text
    content = json.loads(blurbench("advise", "--blur", "gaussian-2", "--no-fit", "--json", *folder).stdout)
    (answer,) = content["answers"]
    assert answer["best"] is None
    assert answer["allowed"] == []
    board = str(smoked / f"boards/{BOARD}.json")
    unknown = blurbench("advise", "--blur", "box[side=3]", "--board", board)
    assert unknown.returncode == 1
    assert "no other blur of its family; measured are: gaussian-2, gaussian-2-sensor" in unknown.stderr
