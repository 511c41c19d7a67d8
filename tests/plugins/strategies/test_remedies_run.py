"""Remedies that build on several fitted networks, measured by the command."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.conftest import Command

SUITE = """
name = "several"
version = 1
title = "Remedies that build on several networks"
datasets = ["digits"]
train_blurs = ["gaussian[sigma=2]"]
test_blurs = ["none", "gaussian[sigma=1]", "gaussian[sigma=2]"]
[labels]
router = "router[estimator=laplacian-variance, expert=blur-augment, blurs=[gaussian[sigma=1], gaussian[sigma=3]]]"
joint = "deblur-joint[restorer=unet[kernel=3, widths=[4, 4, 4]]]"
taught = "distil[teacher=cnn3[widths=[8, 8, 8]]]"
[[matrix]]
classifiers = ["cnn3[widths=[4, 8, 8]]"]
strategies = ["plain", "retrain", "longer", "taught", "joint", "router-of-two"]
[budgets.quick]
train_images = 200
validation_images = 50
test_images = 60
epochs = 2
finetune_epochs = 1
restorer_epochs = 1
""".replace("router = ", "router-of-two = ")


def test_each_builds_on_what_it_needs_and_its_record_says_what_was_met_and_paid(
    blurbench: Command, tmp_path: Path
) -> None:
    (tmp_path / "several.toml").write_text(SUITE)
    run = blurbench("run", "--suite", "./several.toml", "-j", "0")
    assert run.returncode == 0, run.stderr
    records = [json.loads(path.read_bytes()) for path in (tmp_path / "blurbench-results").glob("records/*/*")]
    assert {record["status"] for record in records} == {"ok"}
    cells: dict[tuple[str, str], Any] = {
        (record["axes"]["strategy"]["name"], record["axes"]["test_blur"]["label"]): record for record in records
    }

    def said(what: str, strategy: str, sigma: int) -> Any:
        record = cells[strategy, f"gaussian[sigma={sigma}]"]
        return {**record["facts"], **record["result"]}[what]

    # Experts at 1 and 3: neither was fitted to 2, which retrain was.
    assert (said("exposure", "router", 1), said("exposure", "router", 2)) == ("seen", "unseen severity")
    assert (said("exposure", "retrain", 1), said("exposure", "retrain", 2)) == ("unseen severity", "seen")
    shares = [
        cells["router", blur]["result"]["metrics"]["observations"]["answered_by_plain"]
        for blur in ("none", "gaussian[sigma=2]")
    ]
    assert shares[0] > shares[1]
    steps = {name: said("cost", name, 2)["fit_steps"] for name, _ in cells}
    assert steps["longer"] == 2 * steps["plain"]
    assert steps["router"] == 3 * steps["plain"]
    assert steps["distil"] == 2 * steps["plain"]
    assert said("metrics", "deblur-joint", 2)["restored_psnr"] > 0
    again = blurbench("run", "--suite", "./several.toml", "-j", "0")
    assert "nothing to measure" in again.stdout + again.stderr or "0 to measure" in again.stdout + again.stderr
