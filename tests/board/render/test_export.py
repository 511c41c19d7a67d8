"""The published form of a board, and what is not one."""

from __future__ import annotations

import json as plain_json

import pytest

from blurbench.board.render import export
from blurbench.errors import RecordError
from tests.builders import Board


def test_the_form_comes_first_and_reads_back(board: Board) -> None:
    board.cell("none", "plain", hits="1110")
    own = board.standings()
    text = export.render(own)
    assert text.startswith('{\n "format": 2,\n "title": "Mini board",\n')
    assert plain_json.loads(text)["blocks"][0]["rows"][0]["hits"] == ["4A=="]
    assert export.parse(text, "board.json") == own


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "content: EOF"),
        ("[]", "this is no published board"),
        ("{}", "this is no published board"),
        ('{"format": "2", "blocks": []}', "this is no published board"),
        ('{"format": 3, "blocks": []}', r"a newer blurbench wrote this board \(format 3\); this one reads up to 2"),
        ('{"format": 2, "blocks": []}', "title: Field required"),
        ("[" * 100_000, "content: recursion limit exceeded"),
    ],
)
def test_what_cannot_be_read_is_named_in_one_line(text: str, says: str) -> None:
    with pytest.raises(RecordError, match=rf"^board\.json: {says}.*$"):
        export.parse(text, "board.json")


def test_json_gives_back_the_standings(result):
    assert export.parse(export.render(result), "board.json") == result
