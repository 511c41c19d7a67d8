"""`blurbench verify`: a sample of a board measured again."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from blurbench.store.record import Record
from blurbench.store.store import Store
from tests.cli.conftest import READING
from tests.conftest import Command


def test_records_that_are_damaged_or_of_another_cell_are_named_and_measured_again(
    blurbench: Command, smoked: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "blurbench-results"
    shutil.copytree(smoked, folder)
    torn, moved = sorted((folder / "records").rglob("*.json"))[:2]
    whole = moved.read_text()
    torn.write_text("{oops")
    moved.write_text(json.dumps({**json.loads(whole), "seed": 7}))
    verified = blurbench("verify", "--sample", "1")
    assert verified.returncode == 1
    assert f"{torn.stem[:12]}  cannot be read: digits, " in verified.stdout
    run = blurbench("run", "--suite", "smoke", "-j", "0")
    assert run.returncode == 0, run.stderr
    assert "24 cells, 2 to measure" in run.stderr
    assert "2 stored records are damaged or changed: measured again" in run.stderr
    metrics = [json.loads(text)["result"]["metrics"] for text in (moved.read_text(), whole)]
    assert metrics[0] == metrics[1]


def test_a_cell_of_an_estimator_is_replayed_and_a_sample_of_its_board_verified(
    blurbench: Command, estimated: Path, tmp_path: Path
) -> None:
    store = Store(shutil.copytree(estimated, tmp_path / "results"))
    replayed = blurbench("verify", "--out", "results", "--sample", "100%")
    assert replayed.returncode == 0, replayed.stderr
    assert f"{READING}: 6 same (6 sampled with seed 0" in replayed.stdout
    manifest = store.records.board(READING)
    assert manifest is not None
    record = store.records.get(next(line.key for line in manifest.lines if line["estimator"] == "laplacian-variance"))
    assert record is not None
    content = json.loads(record.model_dump_json())
    for errors in (content["result"]["measured"][name] for name in ("raw", "smoothed")):
        errors["per_picture"] = [1.5 * value for value in errors["per_picture"]]
        errors["mse"], errors["rmse"] = 1.5 * errors["mse"], 1.5**0.5 * errors["rmse"]
    store.records.put(Record.model_validate(content))
    caught = blurbench("replay", record.key[:12], "--out", "results")
    assert caught.returncode == 1
    assert "NOT the same: a mean squared error of " in caught.stdout
