"""Sigma maps: the printed errors beside those of estimations."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from blurbench.results.estimation import Board, Errors, Estimation, Measured, Row

from blurbench.errors import UsageError
from blurbench.papers import markdown
from blurbench.papers.paper import StoredBoard
from blurbench.papers.report import Report
from blurbench.registry import Registry
from blurbench.store.record import Part
from blurbench.store.store import Store

RAW = {("cnn-30", "ramp"): [0.02, 0.04], ("cnn-10", "ramp"): [0.05, 0.07], ("cnn-30", "sine"): [0.03, 0.05]}


def _errors(per_picture: list[float]) -> Errors:
    mse = sum(per_picture) / len(per_picture)
    return Errors(mse=mse, rmse=mse**0.5, bias=0.0, per_picture=per_picture)


def _record(key: str, estimator: str, blur: str) -> Estimation:
    raw = RAW[estimator, blur]
    measured: dict[str, Any] = {
        "pictures": 2,
        "readings": 100,
        "stride": 4,
        "raw": _errors(raw),
        "smoothed": _errors([value / 2 for value in raw]),
        "oracle_mse": 0.0,
        "mean_answer_mse": 0.7,
        "flat_share": 0.1,
        "smoothing": 31,
    }
    part = Part(name="part", label=estimator, spec={})
    return Estimation(
        key=key,
        status="ok",
        estimator=part,
        tested_on=part,
        blur=part,
        budget={},
        seed=0,
        measured=Measured.model_validate(measured),
    )


def _report(folder: Path, registry: Registry, split: str = "patch") -> Report:
    store = Store(folder)
    store.create()
    shelf, rows = store.estimations, []
    for estimator, blur in RAW:
        key = sha256(f"{estimator} {blur}".encode()).hexdigest()[:32]
        place = {"fitted_on": "brodatz-pictures", "split": split, "tested_on": "brodatz-pictures"}
        rows.append(Row(key=key, estimator=estimator, blur=blur, seed=0, **place))
        shelf.records.put(_record(key, estimator, blur))
    about = {"suite": "kernel-estimation", "suite_version": 1, "title": "By hand", "budget": "standard"}
    shelf.put_board("by-hand", Board(**about, budget_values={"epochs": 8}, content="ab" * 16, lines=rows))
    return registry.resolve("papers", "patro2017").report(StoredBoard(store, "by-hand", registry))


def test_errors_of_estimations_stand_beside_the_printed_ones(tmp_path: Path, registry: Registry) -> None:
    table = _report(tmp_path / "results", registry).tables[0]

    ramp = table.at("ramp, 30 classes", "mse")
    assert (ramp.published, ramp.measured, ramp.images) == (0.027, pytest.approx(0.03), 2)
    assert table.at("ramp, 30 classes", "rmse").measured == pytest.approx(0.03**0.5)
    assert table.at("sin, 30 classes, smoothed", "mse").measured == pytest.approx(0.02)


def test_claims_compare_picture_by_picture(tmp_path: Path, registry: Registry) -> None:
    report = _report(tmp_path / "results", registry)

    assert {claim.id: claim.verdict for claim in report.claims} == {
        "s003.c1": "holds",
        "s003.c2": "holds",
        "s003.c3": "not measured",
        "s003.c4": "not measured",
    }
    assert "The larger network is not published" in markdown.render(report)


def test_another_split_than_the_reports_does_not_stand_in(tmp_path: Path, registry: Registry) -> None:
    table = _report(tmp_path / "results", registry, split="picture").tables[0]

    assert all(cell.measured is None for cell in table.cells)
    assert table.at("ramp, 30 classes", "mse").reason == "budget standard does not have it"


def test_a_board_that_is_not_there_is_one_line(tmp_path: Path, registry: Registry) -> None:
    with pytest.raises(UsageError, match="no board 'nowhere'"):
        registry.resolve("papers", "patro2017").report(StoredBoard(Store(tmp_path), "nowhere", registry))
