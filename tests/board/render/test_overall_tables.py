"""The two tables that open a board: the overall order, and what blur costs the baseline."""

from __future__ import annotations

from blurbench.board.render import page
from tests.board.conftest import first
from tests.board.render.conftest import shown, table_with


def test_the_overall_order_comes_first_with_gains_in_points(simple):
    # 30 of 100 won: (30 -+ 1.96 sqrt(102 * 32 - 30^2) / sqrt(102)) / 102 = 0.294 -+ 0.0925
    best, plain = table_with(shown(simple), "rank", "mean gain [95%]")
    assert (best["rank"], best["strategy"], best["train blur"]) == ("1", "retrain", "gaussian-2")
    assert best["mean gain [95%]"] == "+30.0 [+20.2, +38.7]"
    assert (best["seen"], best["unseen"], best["clean"], best["recovered %"]) == ("+30.0", "-", "~-5.0", "75")
    assert (plain["mean gain [95%]"], plain["recovered %"]) == ("baseline", "-")


def test_what_blur_costs_the_baseline_is_one_small_table(simple):
    (line,) = table_with(shown(simple), "data set")
    assert line == {"data set": "dots", "classifier": "cnn3", "none": "90.0", "gaussian-2": "50.0 (-40.0)"}


def test_rows_that_cannot_be_told_apart_share_their_ranks(simple):
    simple.cell("gaussian-2", "close", hits=first(78))
    rows = table_with(shown(simple), "top-1 [95%]", "recovered % [95%]")
    assert [row["rank"] for row in rows] == ["1-2", "1-2", "3"]


def test_a_share_recovered_that_rounds_to_nothing_has_no_sign(board):
    board.cell("none", "plain", hits=first(1000, 1000))
    board.cell("gaussian-2", "plain", hits=first(500, 1000))
    board.cell("gaussian-2", "other", hits=first(499, 1000))
    other = table_with(shown(board), "top-1 [95%]", "recovered % [95%]")[1]
    assert (other["strategy"], other["recovered % [95%]"]) == ("other", "0 [-1, 0]")


def test_rows_are_ranked_by_unseen_blurs_alone(simple):
    simple.cell("move", "plain", hits=first(40), exposure="unseen family")
    simple.cell("move", "retrain", "gaussian-2", hits=first(60), exposure="unseen family")
    (line,) = table_with(shown(simple), "unseen blocks")
    assert (line["rank"], line["strategy"], line["unseen blocks"]) == ("1", "retrain", "1")
    assert line["mean gain [95%]"].startswith("+20.0 [")


def test_what_blur_costs_has_one_sign_and_says_where_it_cannot_be_told_from_0(board):
    for blur, right in (("none", 50), ("worse", 10), ("better", 52)):
        board.cell(blur, "plain", hits="1" * right + "0" * (100 - right))
    text = page.render(board.standings(), [])
    assert '10.0 <span class="soft">(-40.0)</span>' in text
    assert '52.0 <span class="soft">(~+2.0)</span>' in text
    assert "100. Seeds" in text
