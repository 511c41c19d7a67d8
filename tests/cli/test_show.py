"""`blurbench show`: one stored record."""

from __future__ import annotations

import json
from pathlib import Path

from tests.conftest import Command


def test_show_prints_a_record_by_the_start_of_its_key(blurbench: Command, smoked: Path) -> None:
    key = next(smoked.glob("records/*/*.json")).stem
    record = json.loads(blurbench("show", key[:12], "--out", str(smoked)).stdout)
    assert record["key"] == key
    assert "images" not in record["result"]
    assert "images" in json.loads(blurbench("show", key, "--images", "--out", str(smoked)).stdout)["result"]
