"""`blurbench validate`: can these results be believed?"""

from __future__ import annotations

import json
from pathlib import Path

from blurbench.store.record import Record
from tests.cli.conftest import BOARD
from tests.conftest import Command


def test_a_forged_label_list_is_named_and_costs_its_own_row_only(
    blurbench: Command, forged: tuple[Path, Record]
) -> None:
    folder, record = forged
    result = blurbench("validate", str(folder))
    assert result.returncode == 1
    (line,) = [line for line in result.stdout.splitlines() if line.startswith("records/")]
    assert line == f"records/{record.key[:2]}/{record.key}.json: images.label: not the test labels of digits"
    assert "Sound: 23 measured cells" in result.stdout
    assert blurbench("leaderboard", "--out", str(folder)).returncode == 0
    text = (folder / f"boards/{BOARD}.md").read_text()
    assert "refused: its test labels are not those of" in text


def test_what_a_stranger_wrote_reaches_the_terminal_without_escapes(
    blurbench: Command, smoked: Path, tmp_path: Path
) -> None:
    path = next(smoked.glob("records/*/*.json"))
    content = json.loads(path.read_text())
    hostile = "\x1b]0;owned\x07\x1b[2J" * 20
    (tmp_path / "record.json").write_text(json.dumps({**content, hostile: 1, "log": hostile}))
    result = blurbench("validate", "record.json")
    assert result.returncode == 1
    assert "\x1b" not in result.stdout + result.stderr
    assert "\x07" not in result.stdout + result.stderr
    assert len(result.stdout.splitlines()) == 2
