"""Tables 3 to 6 from records written by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from blurbench_papers.shen2022 import Shen2022

from blurbench.papers import markdown
from blurbench.papers.paper import StoredBoard
from blurbench.papers.report import Filled, Report, Table, to_json
from blurbench.registry import Registry
from tests.builders import PaperBoard

MOSTLY, HALF = "1" * 180 + "0" * 20, "1" * 100 + "0" * 100
UNET = {"restorer": {"name": "unet", "widths": [32, 64, 128]}}
NO_EMNIST = "emnist-balanced is not in any data folder"


@pytest.fixture
def filled(board: PaperBoard) -> PaperBoard:
    """Fashion-MNIST and USPS measured, no EMNIST, glyphs as a transfer of another kind."""
    for dataset in ("fashion-mnist", "usps"):
        board.cell(dataset, "plain", "", "gauss9", hits=HALF)
        for blur, error in {"gauss9": 0.013, "move9": 0.04}.items():
            hits = "1" * 160 + "0" * 40 if blur == "gauss9" else "1" * 120 + "0" * 80
            board.cell(dataset, "retrain", blur, blur, hits=hits, blurred=error)
            board.cell(dataset, "deblur-unet", blur, blur, hits=MOSTLY, blurred=error, restored=[0.002], spec=UNET)
            board.cell(dataset, "deblur-unet-glyphs", blur, blur, hits="1" * 200, blurred=error, restored=[0.001])
            board.skipped(dataset, "deblur-unet-letters", blur, blur, NO_EMNIST)
    return board


@pytest.fixture
def report(filled: PaperBoard, tmp_path: Path, registry: Registry) -> Report:
    store, name = filled.stored(tmp_path / "results")
    return Shen2022().report(StoredBoard(store, name, registry))


def table(report: Report, source: str) -> Table:
    return next(one for one in report.tables if one.source == source)


def test_published_and_measured_stand_side_by_side_in_percent(report: Report) -> None:
    cell = table(report, "Table 5").at("Fashion-MNIST(G)", "restored")

    assert (cell.published, cell.measured, cell.images, cell.seeds) == (89.51, 90.0, 200, 3)
    assert cell.low is not None
    assert cell.high is not None
    assert cell.low < 90.0 < cell.high


def test_errors_are_the_true_mean_beside_the_papers_tenth(report: Report) -> None:
    cell = table(report, "Table 3").at("Fashion-MNIST(G)", "blurry")
    rows = [line for line in markdown.render(report).splitlines() if line.startswith("| Fashion-MNIST(G) ")]

    assert (cell.published, cell.printed) == (1.33e-02, 1.33e-03)
    assert cell.measured == pytest.approx(0.013)
    assert "| 1.33e-02 (1.33e-03) | 1.30e-02 (1.30e-03)" in rows[0]


def test_a_row_that_cannot_be_had_is_empty_and_says_why(report: Report) -> None:
    emnist = table(report, "Table 5").at("EMNIST(G)", "restored")
    transfer = table(report, "Table 5").at("USPS(M)", "restored_transfer")

    assert emnist.measured is None
    assert emnist.published == 87.13
    assert emnist.reason == "budget small does not have it"
    assert transfer.measured is None
    assert NO_EMNIST in transfer.reason
    assert f"skipped: {NO_EMNIST}" in markdown.render(report)


def test_glyphs_stand_in_no_column_of_the_paper(report: Report) -> None:
    columns = [cell for one in report.tables if one.source.startswith("Table") for cell in one.cells]
    beside = table(report, "Beside the paper")

    assert all(cell.measured != 100.0 for cell in columns)
    assert beside.at("usps(G)", "U-Net fitted on glyphs, then fitted").measured == 100.0


def test_a_data_set_that_is_not_the_papers_has_rows_of_its_own(
    board: PaperBoard, tmp_path: Path, registry: Registry
) -> None:
    board.cell("glyphs", "retrain", "gauss9", "gauss9", hits=HALF)
    store, name = board.stored(tmp_path / "results")

    table5 = table(Shen2022().report(StoredBoard(store, name, registry)), "Table 5")

    assert table5.at("glyphs(G)", "blurry") == Filled(
        "glyphs(G)",
        "blurry",
        measured=50.0,
        low=table5.at("glyphs(G)", "blurry").low,
        high=table5.at("glyphs(G)", "blurry").high,
        dataset="glyphs",
        images=200,
        seeds=3,
        records=table5.at("glyphs(G)", "blurry").records,
    )
    assert all(cell.measured is None for cell in table5.cells if cell.published is not None)


def test_the_abstracts_mean_needs_all_four_rows(report: Report) -> None:
    abstract = table(report, "Abstract")

    assert abstract.at("mean of four rows", "blurry").measured == pytest.approx((80 + 60 + 80 + 60) / 4)
    assert abstract.at("mean of four rows", "restored_transfer").reason == "0 of 4 rows were measured"
    assert abstract.at("mean of four rows", "gain").reason == "it needs both means"


def test_claims_are_decided_over_the_rows_that_were_measured(report: Report) -> None:
    claims = {claim.id: claim for claim in report.claims}

    assert {name: claim.verdict for name, claim in claims.items()} == {
        "s000.c1": "undecided: half not measured",
        "s000.c2": "not measured",
        "s000.c3": "undecided: half not measured",
        "s000.c4": "holds",
        "s000.c5": "not measured",
        "s000.c6": "not measured",
        "s000.c7": "not measured",
    }
    assert len(claims["s000.c1"].measured) == 4
    assert "4 of 4 measured hold, 12 in the paper" in markdown.render(report)


def test_with_one_seed_only_what_rests_on_no_fit_is_decided(
    board: PaperBoard, tmp_path: Path, registry: Registry
) -> None:
    board.seeds = 1
    for blur, error, hits in (("gauss9", 0.01, MOSTLY), ("move9", 0.04, HALF)):
        board.cell("usps", "retrain", blur, blur, hits=hits, blurred=error)
    store, name = board.stored(tmp_path / "results")

    claims = {claim.id: claim for claim in Shen2022().report(StoredBoard(store, name, registry)).claims}

    error, top1 = claims["s000.c4"].measured
    assert (error.verdict, top1.verdict) == ("holds", "undecided: one seed")
    assert claims["s000.c4"].verdict == "undecided: one seed"


def test_a_fit_that_was_still_improving_leaves_its_rows_open(
    filled: PaperBoard, tmp_path: Path, registry: Registry
) -> None:
    filled.still_improving = True
    filled.cell("usps", "deblur-unet", "move9", "move9", hits="0" * 200, blurred=0.04, restored=[0.05])
    store, name = filled.stored(tmp_path / "results")

    claims = {claim.id: claim for claim in Shen2022().report(StoredBoard(store, name, registry)).claims}

    assert claims["s000.c1"].verdict == claims["s000.c3"].verdict == "undecided: cut short"
    assert [row.verdict for row in claims["s000.c1"].measured].count("holds") == 3


def test_a_fit_that_its_time_limit_ended_leaves_the_claim_open(
    filled: PaperBoard, tmp_path: Path, registry: Registry
) -> None:
    late = "it took longer than the limit of 10 minutes"
    filled.failure("gauss9", "deblur-reverse", "gauss9", status="failed", reason=late, dataset="usps")
    store, name = filled.stored(tmp_path / "results")

    claims = {claim.id: claim for claim in Shen2022().report(StoredBoard(store, name, registry)).claims}

    assert claims["s000.c2"].verdict == "undecided: cut short"
    assert not claims["s000.c2"].measured


def test_one_row_that_fails_is_enough(filled: PaperBoard, tmp_path: Path, registry: Registry) -> None:
    filled.cell("usps", "deblur-unet", "move9", "move9", hits="0" * 200, blurred=0.04, restored=[0.05])
    store, name = filled.stored(tmp_path / "results")

    claims = {claim.id: claim.verdict for claim in Shen2022().report(StoredBoard(store, name, registry)).claims}

    assert (claims["s000.c1"], claims["s000.c3"]) == ("does not hold", "does not hold")


def test_sizes_stand_beside_the_papers(report: Report) -> None:
    sizes = {size.what: size for size in report.sizes}

    assert "54,000 of Fashion-MNIST" in sizes["training images"].paper
    assert sizes["training images"].here == "at most 1,500 of fashion-mnist, usps"
    assert sizes["test images"].here == "200 of fashion-mnist, 200 of usps"
    assert sizes["restorers"].here == "unet[widths=[32, 64, 128]]"
    assert sizes["restorer epochs"].here == "4 (unet[widths=[32, 64, 128]])"
    assert sizes["seeds"].here == "3: 0, 1, 2"
    assert sizes["images shown in the fits of a row"].here == "1,000"
    assert sizes["rows still improving"].here == "0 of 42"


def test_records_without_errors_of_each_image_leave_the_claim_open(
    board: PaperBoard, tmp_path: Path, registry: Registry
) -> None:
    board.cell("usps", "deblur-unet", "gauss9", "gauss9", blurred=0.01, restored=[0.001])
    for key, record in board.records.items():
        images = record.accuracy.images.model_copy(update={"restored_mse": None})
        older = record.accuracy.model_copy(update={"images": images})
        board.records[key] = record.model_copy(update={"result": older})
    store, name = board.stored(tmp_path / "results")

    claim = next(
        claim for claim in Shen2022().report(StoredBoard(store, name, registry)).claims if claim.id == "s000.c3"
    )

    assert claim.verdict == "not measured"
    assert any("measure them again" in row.reason for row in claim.comparisons)


def test_json_holds_the_verdicts_and_the_records_behind_each_figure(report: Report, filled: PaperBoard) -> None:
    content = json.loads(to_json(report))

    assert content["schema_version"] == 2
    assert content["claims"][3]["verdict"] == "holds"
    cells = [cell for one in content["tables"] for cell in one["cells"] if cell["measured"] is not None]
    assert {key for cell in cells for key in cell["records"]} <= filled.records.keys()


def test_the_same_records_give_the_same_bytes(
    report: Report, filled: PaperBoard, tmp_path: Path, registry: Registry
) -> None:
    store, name = filled.stored(tmp_path / "again")

    assert markdown.render(Shen2022().report(StoredBoard(store, name, registry))) == markdown.render(report)
