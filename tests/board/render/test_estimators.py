"""The board of a suite of estimators: markdown, CSV, JSON, summary."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest

from blurbench.board.outcomes import Estimates, estimates_of
from blurbench.board.render import estimators
from blurbench.store.record import Line, Record
from tests.board.render.conftest import table_with
from tests.builders import estimated, estimator_board


@pytest.fixture
def board() -> Estimates:
    """Two estimators of a ramp and of one sigma, and one that failed."""
    lines: list[Line] = []
    records: dict[str, Record] = {}
    for name, mse in (("far", 0.16), ("=near|", 0.04), ("lost", 0.0)):
        for blur, more in (("ramp", {}), ("gaussian[sigma=2]", {"uniform_sigma": 2.0})):
            labels = {"estimator": name, "dataset": "text", "test_blur": blur, "fitted_on": "", "split": ""}
            lines.append(line := Line(key=f"{len(lines):032x}", seed=0, labels=labels))
            facts: dict[str, Any] = {"oracle_mse": 0.01, **more}
            record = estimated(line, [mse, mse], **facts)
            failure = {"status": "failed", "reason": "out of memory", "result": None}
            records[line.key] = record.model_copy(update=failure) if name == "lost" else record
    return estimates_of(estimator_board(lines), records)


def test_the_best_comes_first_and_names_open_no_cell(board: Estimates) -> None:
    near, far = table_with(estimators.markdown(board, {}), "RMSE", "bias")
    assert (near["estimator"], near["RMSE"], near["steps alone, MSE"]) == ("=near&#124;", "0.200", "0.01000")
    assert (far["estimator"], far["RMSE"]) == ("far", "0.400")


def test_one_sigma_everywhere_has_a_table_of_its_own_and_what_was_not_measured_is_listed(board: Estimates) -> None:
    text = estimators.markdown(board, {("text", "ramp"): "ramp.png"})
    assert "![true and estimated sigma](ramp.png)" in text
    assert [row["sigma 2"] for row in table_with(text, "sigma 2")] == ["+0.00, 0.40", "+0.00, 0.20"]
    assert "## Not measured\n\n- lost: out of memory\n" in text


def test_the_summary_is_of_blurs_whose_sigma_varies(board: Estimates) -> None:
    assert "text, ramp" in estimators.summary(board)
    assert "gaussian" not in estimators.summary(board)


def test_files_hold_every_measured_cell_and_no_formula(board: Estimates) -> None:
    rows = list(csv.DictReader(io.StringIO(estimators.to_csv(board))))
    assert [row["estimator"] for row in rows] == ["far", "far", "'=near|", "'=near|"]
    cells = json.loads(estimators.to_json(board))["cells"]
    assert [cell["mse"] for cell in cells] == [0.16, 0.16, 0.04, 0.04]
    assert estimators.facts(b"[]") == ""
