"""Verdicts, and reports as JSON."""

from __future__ import annotations

import json

import numpy as np
import pytest

from blurbench.metrics.intervals import Interval, mean_interval
from blurbench.papers.report import (
    Comparison,
    Filled,
    Judged,
    Report,
    Table,
    Verdict,
    Wanted,
    decided,
    from_content,
    to_json,
)


@pytest.mark.parametrize(
    ("low", "high", "margin", "wanted", "verdict"),
    [
        (1.2, 2.0, 1.0, "above", "holds"),
        (0.2, 0.8, 1.0, "above", "does not hold"),
        (0.8, 1.2, 1.0, "above", "undecided"),
        (-0.4, 0.3, -0.5, "above", "holds"),
        (-0.9, 0.9, 1.0, "near", "holds"),
        (1.1, 1.9, 1.0, "near", "does not hold"),
        (-1.9, -1.1, 1.0, "near", "does not hold"),
        (-1.1, 0.0, 1.0, "near", "undecided"),
    ],
)
def test_a_row_is_decided_by_where_its_interval_lies(
    low: float, high: float, margin: float, wanted: Wanted, verdict: Verdict
) -> None:
    row = Comparison("row", "points", margin, wanted, Interval((low + high) / 2, low, high), seeds=3)

    assert row.verdict == verdict


@pytest.mark.parametrize(
    ("seeds", "cut_short", "verdict"),
    [
        (1, False, "undecided: one seed"),
        (1, True, "undecided: one seed"),
        (3, True, "undecided: cut short"),
        (None, False, "holds"),
    ],
)
def test_one_seed_and_fits_that_were_cut_short_decide_nothing(
    seeds: int | None, cut_short: bool, verdict: Verdict
) -> None:
    row = Comparison("row", "points", 1.0, interval=Interval(2, 1.5, 2.5), seeds=seeds, cut_short=cut_short)

    assert row.verdict == verdict


@pytest.mark.parametrize(
    ("in_paper", "reason", "verdict"),
    [(3, "", "holds"), (4, "", "undecided: half not measured"), (2, "the rest is", "undecided: half not measured")],
)
def test_a_claim_does_not_hold_by_half_of_it(in_paper: int, reason: str, verdict: Verdict) -> None:
    rows = (Comparison("a", "points", 0.0, interval=Interval(2, 1, 3), seeds=3),) * 2

    assert Judged("c1", "text", "", "rule", rows, in_paper, reason).verdict == verdict
    failing = Comparison("b", "points", 0.0, interval=Interval(-2, -3, -1), seeds=3)
    assert Judged("c1", "text", "", "rule", (*rows, failing), 9, reason).verdict == "does not hold"


def test_a_row_without_an_interval_was_not_measured() -> None:
    assert Comparison("row", "points", 0.0, reason="no EMNIST").verdict == "not measured"


@pytest.mark.parametrize(
    ("verdicts", "verdict"),
    [
        (["holds", "holds"], "holds"),
        (["holds", "undecided"], "undecided"),
        (["undecided", "does not hold"], "does not hold"),
        (["undecided: one seed", "holds", "undecided: cut short"], "undecided: cut short"),
        (["not measured", "holds"], "holds"),
        ([], "not measured"),
    ],
)
def test_a_claim_holds_where_all_of_its_measured_rows_do(verdicts: list[Verdict], verdict: Verdict) -> None:
    assert decided(verdicts) == verdict


def test_rows_that_were_not_measured_do_not_count_against_a_claim() -> None:
    rows = (
        Comparison("a", "points", 0.0, interval=Interval(2, 1, 3), seeds=3),
        Comparison("b", "points", 0.0, reason="no data"),
    )
    claim = Judged("s000.c1", "text", "", "rule", rows, 1)

    assert claim.verdict == "holds"
    assert len(claim.measured) == 1


def test_the_interval_of_one_seed_is_that_of_a_mean_of_images() -> None:
    values = np.random.default_rng(3).normal(0.4, 2.0, (1, 500))

    interval = mean_interval(values)

    half = 1.959964 * values.std() / 500**0.5
    assert interval.estimate == pytest.approx(values.mean())
    assert (interval.high - interval.low) / 2 == pytest.approx(half, rel=1e-6)


def test_seeds_that_disagree_widen_the_interval() -> None:
    generator = np.random.default_rng(4)
    images = generator.normal(0, 1, (1, 500)).repeat(3, axis=0)

    agreeing, disagreeing = mean_interval(images), mean_interval(images + np.array([[-0.5], [0.0], [0.5]]))

    assert disagreeing.high - disagreeing.low > 5 * (agreeing.high - agreeing.low)


def test_a_report_is_written_as_it_is_read_back_whole_numbers_of_a_paper_included() -> None:
    table = Table("Table 1", "error", "MSE", ("plain",), (Filled("row", "plain", 3),), scale=10)
    text = to_json(Report("paper", "Somebody", "suite", "small", (table,), (), ()))

    assert '"scale": 10.0' in text
    assert to_json(from_content(json.loads(text))) == text
