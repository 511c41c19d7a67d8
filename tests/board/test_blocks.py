"""The rows of one block: each against the baseline and against the best."""

import math

import pytest

from tests.board.conftest import block, first, of, row


def test_a_gain_is_paired_image_by_image(simple):
    gain = row(simple, "retrain").gain
    # 30 won, none lost; with one won and one lost added: 31 and 1 of 102
    centre, half = 30 / 102, 1.959964 * math.sqrt((32 / 102 - (30 / 102) ** 2) / 102)
    assert gain.estimate == pytest.approx(0.30)
    assert (gain.low, gain.high) == pytest.approx((centre - half, centre + half))
    assert gain.excludes_zero


def test_recovered_retained_and_clean_change_follow_their_definitions(simple):
    retrain = row(simple, "retrain")
    assert retrain.recovered == pytest.approx(0.30 / 0.40)
    assert retrain.retained == pytest.approx(0.80 / 0.85)
    assert retrain.clean == pytest.approx(0.85)
    assert retrain.clean_change.estimate == pytest.approx(-0.05)


def test_the_baseline_has_no_gain_over_itself(simple):
    plain = row(simple, "plain")
    assert (plain.is_baseline, plain.gain, plain.recovered, plain.clean_change) == (True, None, None, None)
    assert block(simple).loss.estimate == pytest.approx(0.40)


def test_a_loss_of_two_images_leaves_nothing_to_recover(board):
    board.cell("none", "plain", hits=first(90))
    board.cell("gaussian-2", "plain", hits=first(88))
    board.cell("gaussian-2", "retrain", "gaussian-2", hits=first(95))
    assert row(board, "retrain").gain.estimate == pytest.approx(0.07)
    assert row(board, "retrain").recovered is None


def test_rows_rank_by_top1_and_then_by_label(simple):
    simple.cell("gaussian-2", "blur-augment", "move", hits=first(80))
    simple.cell("gaussian-2", "blur-augment", "gaussian-2", hits=first(80))
    names = [(one.rank, one.strategy, one.train_blur) for one in block(simple).rows]
    assert names == [
        (1, "blur-augment", "gaussian-2"),
        (2, "blur-augment", "move"),
        (3, "retrain", "gaussian-2"),
        (4, "plain", ""),
    ]


def test_of_equal_rows_a_control_comes_after_what_it_controls(simple):
    simple.specs["deblur-identity"] = {"name": "deblur-then-classify", "restorer": {"name": "identity"}}
    simple.cell("gaussian-2", "deblur-identity", "gaussian-2", hits=first(80))
    block = next(block for block in of(simple).blocks if block.test_blur == "gaussian-2")
    assert [row.strategy for row in block.rows] == ["retrain", "deblur-identity", "plain"]
    assert [bool(row.control) for row in block.rows] == [False, True, False]


def test_an_oracle_stands_apart_and_does_not_rank(simple):
    simple.cell("gaussian-2", "wiener", hits=first(99), knows="true PSF")
    here = block(simple)
    assert [(one.strategy, one.rank) for one in here.oracles] == [("wiener", None)]
    assert [one.strategy for one in here.rows] == ["retrain", "plain"]
    assert here.rows[0].rank == 1


def test_a_row_ties_with_the_best_while_few_images_set_them_apart(simple):
    simple.cell("gaussian-2", "close", hits=first(73))  # 7 images behind: not told apart among four rows; 8 would be
    simple.cell("gaussian-2", "apart", hits=first(72))
    ties = {one.strategy: one.ties_with_best for one in block(simple).rows}
    assert ties == {"retrain": True, "close": True, "apart": False, "plain": False}
    ranks = {one.strategy: (one.rank_low, one.rank_high) for one in block(simple).rows}
    assert ranks == {"retrain": (1, 2), "close": (1, 3), "apart": (2, 3), "plain": (4, 4)}


@pytest.mark.parametrize("seeds", [1, 3])
def test_strategies_that_are_equal_by_construction_are_tied(board, seeds):
    for seed in range(seeds):
        board.cell("gaussian-2", "plain", hits=first(10 + seed), seed=seed)
        for strategy in ("retrain", "deblur-identity"):
            board.cell("gaussian-2", strategy, "gaussian-2", hits=first(80 + seed), seed=seed)
    one, other, plain = block(board).rows
    assert (one.rank_low, one.rank_high) == (other.rank_low, other.rank_high) == (1, 2)
    assert (plain.rank_low, plain.rank_high) == (3, 3)
    (ranking,) = of(board).rankings
    assert [(row.rank_low, row.rank_high) for row in ranking.rows] == [(1, 2), (1, 2), (3, 3)]


def test_milliseconds_are_added_to_those_of_the_baseline(simple):
    simple.timing("plain", one=0.5, of_256=0.02)
    assert row(simple, "retrain").cost.added_batch_1_ms is None
    simple.timing("retrain", one=1.75, of_256=0.32)
    cost = row(simple, "retrain").cost
    assert (cost.batch_1_ms, cost.batch_256_ms) == (1.75, 0.32)
    assert (cost.added_batch_1_ms, cost.added_batch_256_ms) == pytest.approx((1.25, 0.30))
    assert of(simple).timed_on == ("cpu, 1 thread, test bench",)


def test_a_board_without_its_baseline_still_ranks_its_blocks(board):
    board.cell("gaussian-2", "retrain", hits=first(80))
    assert (row(board, "retrain").rank, row(board, "retrain").gain) == (1, None)
    assert of(board).rankings[0].rows == ()


def test_the_headroom_is_the_gain_of_the_best_row_that_is_no_oracle(simple):
    simple.cell("gaussian-2", "wiener", hits=first(99), knows="true PSF")
    simple.cell("move", "plain", hits=first(60))
    simple.cell("move", "retrain", "gaussian-2", hits=first(55), exposure="unseen family")
    here, there = block(simple).best_of_gap, block(simple, "move").best_of_gap
    assert (here.strategy, here.train_blur, here.top1) == ("retrain", "gaussian-2", pytest.approx(0.8))
    assert here.gain == pytest.approx(0.3)
    assert (there.strategy, there.gain) == ("plain", 0.0)
    assert block(simple, "none").best_of_gap is None
    (ranking,) = of(simple).rankings
    assert ranking.best_of_gap == pytest.approx((0.3 + 0.0) / 2)


def test_a_gain_uses_only_the_seeds_that_both_rows_have(board):
    for seed, right in enumerate((50, 60, 70)):
        board.cell("gaussian-2", "plain", hits=first(right), seed=seed)
    board.cell("gaussian-2", "retrain", hits=first(80), seed=0)
    board.failure("gaussian-2", "retrain", seed=1, status="failed", reason="it broke")
    board.cell("gaussian-2", "retrain", hits=first(90), seed=2)
    retrain = row(board, "retrain")
    assert retrain.seeds == (0, 2)
    assert retrain.top1_by_seed == (0.8, 0.9)
    assert retrain.top1.estimate == pytest.approx(0.85)
    assert retrain.gain.estimate == pytest.approx(((80 - 50) + (90 - 70)) / 200)
    assert [(one.seed, one.status) for one in block(board).missing] == [(1, "failed")]
