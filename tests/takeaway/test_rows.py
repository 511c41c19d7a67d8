"""A row is named as its board names it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from blurbench.board.outcomes import stored_outcomes
from blurbench.cli.app import app
from blurbench.errors import RecordError, UsageError
from blurbench.registry import Registry
from blurbench.store.record import Manifest
from blurbench.store.store import Store
from blurbench.takeaway.rows import Rows, measured


@pytest.fixture
def rows(registry: Registry, results: Path) -> Rows:
    return Rows(registry, Store(results), "drawn.v1.quick")


@pytest.mark.parametrize("name", ["retrain", "retrain on gaussian[sigma=1]"])
def test_a_row_is_found_by_its_strategy_and_in_full_first_seed_first(rows: Rows, name: str) -> None:
    row = rows.named(name)
    assert (row.name, row.seed) == ("retrain on gaussian[sigma=1]", 0)
    assert [line["test_blur"] for line, _ in row.cells] == ["none", "gaussian[sigma=1]"]
    assert rows.named(name, seed=1).fit.key != row.fit.key
    assert row.artifact.is_dir()


def test_the_key_of_a_cell_names_its_row_and_seed(rows: Rows) -> None:
    cells = [line for line, _ in measured(rows.store, rows.board) if line["strategy"] == "retrain" and line.seed == 1]
    row = rows.named(cells[1].key[:12])
    assert [line.key for line, _ in row.cells] == [line.key for line in cells]


@pytest.mark.parametrize(
    ("name", "more", "says"),
    [
        ("retrained", {}, "unknown row on this board: 'retrained'; known: bn-adapt[batch=4], deblur-unet on"),
        ("plain", {"seed": 5}, "was not measured with seed 5; its seeds: 0, 1"),
        ("plain", {"dataset": "mnist"}, "unknown dataset on this board: 'mnist'; known: imagefolder"),
        ("plain", {"classifier": "cnn4"}, "unknown classifier on this board: 'cnn4'"),
    ],
)
def test_what_is_no_row_is_one_line(rows: Rows, name: str, more: dict[str, object], says: str) -> None:
    with pytest.raises(UsageError) as caught:
        rows.named(name, **more)  # type: ignore[arg-type]
    assert says in str(caught.value)


def test_several_rows_of_one_name_are_listed(rows: Rows) -> None:
    cells = [cell for cell in measured(rows.store, rows.board) if cell[0]["strategy"] in ("plain", "retrain")]
    with pytest.raises(
        UsageError, match=r"these have either: imagefolder.*: plain .*; imagefolder.*: retrain on gauss"
    ):
        rows.only(cells, "either")


def test_a_row_whose_artifact_is_gone_says_how_to_have_it_again(rows: Rows, tmp_path: Path) -> None:
    row = rows.named("retrain")
    moved = row.artifact.rename(tmp_path / "elsewhere")
    try:
        with pytest.raises(RecordError, match=r"the artifact of .*retrain on .* is not in this results folder; `blurb"):
            _ = rows.named("retrain").fit
    finally:
        moved.rename(row.artifact)


def test_a_cell_names_its_artifact_in_the_frame_and_in_show(rows: Rows, results: Path) -> None:
    frame = stored_outcomes(rows.store, rows.board).frame()
    for name, seed in (("deblur-unet", 1), ("bn-adapt[batch=4]", 0)):
        row = rows.named(name, seed=seed)
        cells = frame.query("strategy == @name and seed == @seed")
        assert set(cells.artifact) == {row.fit.key}
        shown = CliRunner().invoke(app, ["show", cells.key.iloc[0], "--out", str(results)])
        assert json.loads(shown.stdout)["artifact"] == {"key": row.fit.key, "folder": str(row.artifact)}
    assert frame.artifact.nunique() == 10  # a seed of each of five rows has one, for both test blurs


def test_a_board_of_before_names_none(rows: Rows, results: Path) -> None:
    manifest = rows.store.records.board(rows.board)
    assert manifest is not None
    old = manifest.model_dump(mode="json")
    for line in old["lines"]:
        del line["artifact"]
    assert all(line.artifact is None for line in Manifest.model_validate(old).lines)
