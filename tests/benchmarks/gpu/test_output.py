"""Bundles that are too large for one file are several, which merge to the same board."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from benchmarks.gpu import output
from blurbench.store.store import Store
from tests.conftest import Command


def test_the_parts_of_a_large_bundle_merge_to_the_whole_board(
    smoked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, blurbench: Command
) -> None:
    shutil.copytree(smoked, tmp_path / "results")
    store = Store(tmp_path / "results")
    (name,) = store.records.boards()
    (whole,) = output.bundles(store, name)
    monkeypatch.setattr(output, "MOST_BYTES", len(whole) // 2)
    parts = output.bundles(store, name)
    assert len(parts) > 1
    files = [tmp_path / f"part-{number}.zip" for number in range(len(parts))]
    for file, part in zip(files, parts, strict=True):
        file.write_bytes(part)
    result = blurbench("leaderboard", "merge", *map(str, files), "--out", "merged")
    assert result.returncode == 0, result.stderr
    merged, own = Store(tmp_path / "merged").records, store.records.board(name)
    board = merged.board(name)
    assert board is not None
    assert own is not None
    measured = {line.key for line in own.lines if (record := store.records.get(line.key)) and record.status == "ok"}
    assert {line.key for line in board.lines} == measured
    assert all(merged.get(key) for key in measured)
