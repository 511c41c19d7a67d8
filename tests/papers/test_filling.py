"""A paper's figures beside measured cells, and one cell held against another."""

from __future__ import annotations

import pytest

from blurbench.papers.filling import above, fill, near
from blurbench.papers.findings import Place
from blurbench.papers.published import Anchor
from blurbench.store.record import OUT_OF_TIME
from tests.builders import PaperBoard

PLAIN, BLURRED = Place("digits", "plain", "", "none"), Place("digits", "plain", "", "soft")
FIGURE = Anchor("s000.t1", "Table 1", "plain", "blurred", 0.7, "share", None, "")


@pytest.fixture
def measured(board: PaperBoard) -> PaperBoard:
    """180 of 200 right on sharp images, 120 on blurred ones, in three seeds."""
    board.cell("digits", "plain", "", "none", hits="1" * 180 + "0" * 20)
    board.cell("digits", "plain", "", "soft", hits="1" * 120 + "0" * 80, blurred=0.02)
    return board


def test_a_figure_stands_beside_what_was_measured_in_its_unit(measured: PaperBoard) -> None:
    cell = fill(measured.findings(), FIGURE, (BLURRED, "top1"), of=lambda share: 100 * share)
    assert (cell.published, cell.measured) == (0.7, pytest.approx(60.0))
    assert cell.low is not None
    assert cell.high is not None
    assert cell.low < 60 < cell.high
    assert (cell.seeds, cell.images, len(cell.records)) == (3, 200, 3)


def test_what_was_not_measured_has_a_reason(measured: PaperBoard) -> None:
    findings = measured.findings()
    assert fill(findings, FIGURE, "no such data set here").reason == "no such data set here"
    assert fill(findings, FIGURE, (PLAIN, "restored_mse")).reason == "the records do not hold restored_mse"
    assert fill(findings, FIGURE, (Place("digits", "unet", "", "none"), "top1")).measured is None


def test_a_difference_is_in_points_and_beyond_the_margin_or_not(measured: PaperBoard) -> None:
    findings = measured.findings()
    row = above(findings, "blur costs", (PLAIN, "top1"), (BLURRED, "top1"), margin=10.0)
    assert row.interval is not None
    assert (row.unit, row.interval.estimate, row.seeds) == ("points", pytest.approx(30.0), 3)
    assert row.verdict == "holds"
    assert near(findings, "blur costs nothing", (PLAIN, "top1"), (BLURRED, "top1"), 5.0).verdict == "does not hold"


def test_what_cannot_be_paired_has_a_reason(measured: PaperBoard) -> None:
    measured.seeds = 1
    measured.cell("digits", "odd", "", "none", hits="1" * 100, seed=0)
    findings = measured.findings()
    other = above(findings, "x", (PLAIN, "top1"), (Place("digits", "odd", "", "none"), "top1"))
    assert other.reason == "the two were measured on different test images"
    assert above(findings, "x", (PLAIN, "top1"), "it cannot be had").reason == "it cannot be had"


def test_a_seed_that_its_time_limit_ended_leaves_the_row_open(measured: PaperBoard) -> None:
    reason = f"it took {OUT_OF_TIME} 60 minutes"
    measured.failure("soft", "plain", status="failed", reason=reason, dataset="digits", seed=3)
    row = above(measured.findings(), "blur costs", (PLAIN, "top1"), (BLURRED, "top1"), margin=10.0)
    assert row.interval is not None, "three seeds are there"
    assert row.verdict == "undecided: cut short"


def test_a_difference_is_that_of_each_seed_with_the_same_seed(board: PaperBoard) -> None:
    board.seeds = 1
    for seed, right in enumerate((60, 100, 140)):
        board.cell("digits", "plain", "", "none", hits="1" * right + "0" * (200 - right), seed=seed)
        board.cell("digits", "plain", "", "soft", hits="1" * (right - 20) + "0" * (220 - right), seed=seed)
    row = above(board.findings(), "blur costs", (PLAIN, "top1"), (BLURRED, "top1"))
    assert row.interval is not None
    assert row.interval.estimate == pytest.approx(10.0)
    assert row.interval.high - row.interval.low < 12, "seeds differ by 20 points in both, and not in the difference"
