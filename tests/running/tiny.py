"""A matrix that runs in seconds, and how to compare two results folders."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from blurbench.store.store import Store

RESULTS = "blurbench-results"
SUITE = """
name = "tiny"
version = 1
title = "Tiny"
datasets = ["digits"]
train_blurs = ["gaussian[sigma=2]"]
test_blurs = [{blurs}]
[[matrix]]
classifiers = ["cnn3[widths=[4, 8, 8]]"]
strategies = [{strategies}]
[budgets.quick]
train_images = 100
validation_images = 20
test_images = 60
epochs = 1
finetune_epochs = 1
restorer_epochs = 1
"""


def write_suite(
    folder: Path,
    strategies: tuple[str, ...] = ("plain", "retrain", "first-n[n=1]"),
    blurs: tuple[str, ...] = ("none", "gaussian[sigma=2]"),
) -> Path:
    """A suite file in `folder`."""
    path = folder / "tiny.toml"
    path.write_text(SUITE.format(blurs=_quoted(blurs), strategies=_quoted(strategies)))
    return path


def _quoted(values: tuple[str, ...]) -> str:
    return ", ".join(f"'{value}'" for value in values)


def records(root: Path) -> dict[str, dict[str, Any]]:
    """All records of a results folder, without what may differ between two runs: times."""
    found = {}
    for path in (root / "records").rglob("*.json"):
        record = Store(root).records.get(path.stem)
        assert record is not None, f"{path} is damaged"
        content = json.loads(record.model_dump_json())
        content["provenance"].pop("time", None)
        cost = (content["result"] or {}).get("cost", {})
        for name in ("fit_seconds", "evaluate_seconds"):
            cost.pop(name, None)
        found[path.stem] = content
    return found


def differences(one: dict[str, dict[str, Any]], two: dict[str, dict[str, Any]]) -> list[str]:
    """Where the records of two results folders differ, a line each: short enough to read in a failed test."""
    return [
        f"{key} {field}: {str(one.get(key, {}).get(field))[:300]} / {str(two.get(key, {}).get(field))[:300]}"
        for key in sorted(one.keys() | two.keys())
        for field in sorted(one.get(key, {}).keys() | two.get(key, {}).keys())
        if one.get(key, {}).get(field) != two.get(key, {}).get(field)
    ]


def leftovers(root: Path) -> list[Path]:
    """Half-written files and folders."""
    return [path for path in root.rglob(".*") if path.name != ".gitignore"]


def start(suite: Path, jobs: int = 2) -> list[str]:
    words = ("run", "--suite", str(suite), "-j", str(jobs))
    return [sys.executable, "-c", "from blurbench.cli import main; main()", *words]


def placed(striker: dict[str, str]) -> Counter[str]:
    """How often each artifact and record was put in place."""
    return Counter(Path(striker["STRIKES"], "log").read_text().split())
