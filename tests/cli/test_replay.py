"""`blurbench replay`: one cell measured again."""

from __future__ import annotations

from pathlib import Path

from blurbench.store.record import Record
from tests.cli.conftest import BOARD
from tests.conftest import Command


def test_replay_and_verify_measure_again(blurbench: Command, smoked: Path, forged: tuple[Path, Record]) -> None:
    key = forged[1].key
    again = blurbench("replay", key[:12], "--out", str(smoked))
    assert again.returncode == 0, again.stderr
    assert "The same: 0 of 100 predictions changed." in again.stdout
    verified = blurbench("verify", "--out", str(smoked), "--sample", "10%")
    assert verified.returncode == 0, verified.stderr
    assert verified.stdout.startswith("2 of 24 cells; about ")
    assert f"{BOARD}: 2 same (2 sampled with seed 0" in verified.stdout
    caught = blurbench("replay", key, "--out", str(forged[0]))
    assert caught.returncode == 1
    assert "NOT the same: its test labels are not those of the data set that is here" in caught.stdout
