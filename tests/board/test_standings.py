import math
import time

import numpy as np
import pytest

from blurbench.board.outcomes import outcomes_of
from blurbench.board.render.markdown import render
from blurbench.board.standings import standings
from blurbench.errors import RecordError


def first(n: int, of: int = 100) -> str:
    """The first `n` of the test images are right."""
    return "1" * n + "0" * (of - n)


@pytest.fixture
def simple(board):
    """plain falls from 90 to 50; retrain climbs to 80 and gives up 5 on clean images."""
    board.cell("none", "plain", hits=first(90), knows="nothing")
    board.cell("gaussian-2", "plain", hits=first(50), knows="nothing", exposure="unseen family")
    board.cell("none", "retrain", "gaussian-2", hits=first(85))
    board.cell("gaussian-2", "retrain", "gaussian-2", hits=first(80))
    return board


def of(board):
    return board.standings()


def block(board, test_blur="gaussian-2", dataset="dots"):
    return next(one for one in of(board).blocks if (one.test_blur, one.dataset) == (test_blur, dataset))


def row(board, strategy, test_blur="gaussian-2", dataset="dots"):
    here = block(board, test_blur, dataset)
    return next(one for one in (*here.rows, *here.oracles) if one.strategy == strategy)


def overall(board, strategy):
    (ranking,) = of(board).rankings
    return next(one for one in (*ranking.rows, *ranking.oracles) if one.strategy == strategy)


# --- blocks --------------------------------------------------------------------------------------------------------


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


def test_what_was_not_measured_is_listed_with_its_reason(simple):
    simple.failure("gaussian-2", "unet", "move", status="failed", reason="out of memory", log="logs/unet.txt")
    simple.failure("gaussian-2", "patch-mask", status="skipped", reason="no patches")
    simple.line("gaussian-2", "first-n[n=1]", "move")
    missing = [(one.strategy, one.status, one.reason, one.log) for one in block(simple).missing]
    assert missing == [
        ("unet", "failed", "out of memory", "logs/unet.txt"),
        ("patch-mask", "skipped", "no patches", ""),
        ("first-n[n=1]", "not yet run", "", ""),
    ]


def test_milliseconds_are_added_to_those_of_the_baseline(simple):
    simple.timing("plain", one=0.5, of_256=0.02)
    assert row(simple, "retrain").cost.added_batch_1_ms is None
    simple.timing("retrain", one=1.75, of_256=0.32)
    cost = row(simple, "retrain").cost
    assert (cost.batch_1_ms, cost.batch_256_ms) == (1.75, 0.32)
    assert (cost.added_batch_1_ms, cost.added_batch_256_ms) == pytest.approx((1.25, 0.30))
    assert of(simple).timed_on == ("cpu, 1 thread, test bench",)


def test_a_suite_may_give_the_baseline_another_label(board):
    board.cell("gaussian-2", "do nothing", hits=first(50), label="plain")
    board.cell("gaussian-2", "variant", hits=first(40), label="plain[x=1]")
    board.cell("gaussian-2", "retrain", hits=first(80))
    assert row(board, "do nothing").is_baseline
    assert row(board, "variant").gain.estimate == pytest.approx(-0.10)


def test_a_board_without_its_baseline_still_ranks_its_blocks(board):
    board.cell("gaussian-2", "retrain", hits=first(80))
    assert (row(board, "retrain").rank, row(board, "retrain").gain) == (1, None)
    assert of(board).rankings[0].rows == ()


def test_records_of_other_test_images_are_refused(simple):
    simple.cell("gaussian-2", "forged", hits=first(100), truth=4)
    with pytest.raises(RecordError, match=r"dots: records .* different test images"):
        of(simple)


def test_the_order_of_records_does_not_matter(simple):
    backwards = dict(reversed(simple.records.items()))
    assert render(standings(outcomes_of(simple.manifest, backwards, {}))) == render(of(simple))


def test_blocks_follow_the_manifests_order_of_test_blurs(board):
    board.cell("gaussian-2", "plain", hits=first(5))
    board.cell("none", "plain", hits=first(5))
    assert [one.test_blur for one in of(board).blocks] == ["none", "gaussian-2"]


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


def test_a_board_of_one_seed_speaks_of_images_only(simple):
    assert of(simple).images_only
    assert row(simple, "retrain").top1.seed_share is None
    simple.cell("gaussian-2", "plain", hits=first(55), seed=1)
    simple.cell("gaussian-2", "retrain", "gaussian-2", hits=first(80), seed=1)
    assert not of(simple).images_only
    assert row(simple, "retrain").top1.seed_share == 0.0
    assert row(simple, "retrain").gain.seed_share > 0.2


# --- seeds ---------------------------------------------------------------------------------------------------------


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


def test_a_row_that_lacks_a_seed_is_not_ranked_overall(board):
    for seed in (0, 1):
        board.cell("gaussian-2", "plain", hits=first(50), seed=seed)
    board.cell("gaussian-2", "retrain", hits=first(80), seed=0)
    board.line("gaussian-2", "retrain", seed=1)
    (ranking,) = of(board).rankings
    assert [one.strategy for one in ranking.rows] == ["plain"]
    assert [(one.strategy, one.cells) for one in ranking.incomplete] == [
        ("retrain", ("dots gaussian-2: not yet run",)),
    ]


# --- overall -------------------------------------------------------------------------------------------------------


def test_every_blurred_block_weighs_the_same(simple):
    for test_blur, gained in (("move", 0), ("sensor", 10)):
        simple.cell(test_blur, "plain", hits=first(50))
        simple.cell(test_blur, "retrain", "gaussian-2", hits=first(50 + gained), exposure="unseen family")
    simple.cell("gaussian-2", "plain", dataset="dashes", hits=first(10, of=20))
    simple.cell("gaussian-2", "retrain", "gaussian-2", dataset="dashes", hits=first(18, of=20))
    retrain = overall(simple, "retrain")
    assert retrain.gain.estimate == pytest.approx((0.30 + 0.0 + 0.10 + 0.40) / 4)
    assert retrain.gain_seen.estimate == pytest.approx((0.30 + 0.40) / 2)
    assert retrain.gain_unseen.estimate == pytest.approx((0.0 + 0.10) / 2)
    assert retrain.clean_change.estimate == pytest.approx(-0.05)


def test_blurs_of_the_same_images_do_not_count_as_more_images(simple):
    alone = overall(simple, "retrain").gain
    simple.cell("sensor", "plain", hits=first(50))
    simple.cell("sensor", "retrain", "gaussian-2", hits=first(80))
    twice = overall(simple, "retrain").gain
    assert (twice.low, twice.high) == pytest.approx((alone.low, alone.high))


def test_recovered_is_a_mean_over_blocks_with_something_to_recover(simple):
    simple.cell("sensor", "plain", hits=first(88))  # 2 images lost: nothing to recover
    simple.cell("sensor", "retrain", "gaussian-2", hits=first(60))
    simple.cell("move", "plain", hits=first(70))
    simple.cell("move", "retrain", "gaussian-2", hits=first(75))
    (ranking,) = of(simple).rankings
    assert (ranking.blurred_blocks, ranking.blocks_with_a_loss) == (3, 2)
    assert overall(simple, "retrain").recovered == pytest.approx((30 / 40 + 5 / 20) / 2)


def test_fit_seconds_are_a_mean_over_data_sets_not_over_blocks(simple):
    for test_blur in ("none", "gaussian-2"):
        simple.cell(test_blur, "plain", dataset="dashes", hits=first(50))
        simple.cell(test_blur, "retrain", "gaussian-2", dataset="dashes", hits=first(50), fit_seconds=40.0)
    assert overall(simple, "retrain").fit_seconds == pytest.approx((10 + 40) / 2)


def test_only_complete_strategies_rank_and_the_others_say_what_they_lack(simple):
    simple.cell("none", "unet", "move", hits=first(90))
    simple.failure("gaussian-2", "unet", "move", status="blocked", reason="the restorer failed")
    simple.cell("gaussian-2", "half", hits=first(99))
    (ranking,) = of(simple).rankings
    assert [(one.rank, one.strategy) for one in ranking.rows] == [(1, "retrain"), (2, "plain")]
    assert {one.strategy: one.cells for one in ranking.incomplete} == {
        "unet": ("dots gaussian-2: blocked",),
        "half": ("dots none: not in the suite",),
    }


def test_unseen_rows_rank_over_the_blocks_that_each_had_not_met(board):
    for test_blur in ("none", "gaussian-2", "move"):
        board.cell(test_blur, "plain", hits=first(50))
        for train_blur in ("gaussian-2", "move"):
            met = test_blur == train_blur
            board.cell(
                test_blur,
                "retrain",
                train_blur,
                hits=first(95 if met else 60 if train_blur == "move" else 80),
                exposure="seen" if met else "unseen family",
            )
    (ranking,) = of(board).rankings
    assert [(one.train_blur, one.blocks, one.rank_low, one.rank_high) for one in ranking.unseen] == [
        ("gaussian-2", 1, 1, 1),
        ("move", 1, 2, 2),
    ]
    assert [one.gain.estimate for one in ranking.unseen] == pytest.approx([0.3, 0.1])


def test_there_is_no_ranking_by_unseen_blurs_where_nothing_was_met(board):
    board.cell("gaussian-2", "plain", hits=first(50))
    board.cell("gaussian-2", "retrain", "move", hits=first(60), exposure="unseen family")
    (ranking,) = of(board).rankings
    assert ranking.unseen == ()


def test_a_strategy_is_held_to_the_blocks_that_the_baseline_has(simple):
    simple.failure("sensor", "plain", status="failed", reason="it broke")
    simple.failure("sensor", "retrain", "gaussian-2", status="failed", reason="it broke")
    assert overall(simple, "retrain").rank == 1


def test_oracles_do_not_rank_overall(simple):
    for test_blur in ("none", "gaussian-2"):
        simple.cell(test_blur, "wiener", hits=first(95), knows="true PSF")
    (ranking,) = of(simple).rankings
    assert [one.strategy for one in ranking.rows] == ["retrain", "plain"]
    assert [(one.strategy, one.rank) for one in ranking.oracles] == [("wiener", None)]


def test_each_classifier_has_its_own_order(simple):
    simple.cell("gaussian-2", "plain", classifier="vit", hits=first(60))
    simple.cell("gaussian-2", "retrain", "gaussian-2", classifier="vit", hits=first(20))
    cnn3, vit = of(simple).rankings
    assert [one.strategy for one in cnn3.rows] == ["retrain", "plain"]
    assert [one.strategy for one in vit.rows] == ["plain", "retrain"]


def test_seeds_without_an_overlap_give_no_gain(board):
    board.cell("gaussian-2", "plain", seed=0, hits=first(50))
    board.cell("sensor", "plain", seed=1, hits=first(50))
    for test_blur, seed in (("gaussian-2", 0), ("sensor", 1)):
        board.cell(test_blur, "retrain", seed=seed, hits=first(80))
    assert overall(board, "retrain").gain is None


@pytest.mark.slow
def test_a_thousand_cells_of_ten_thousand_images_take_seconds(board):
    rng = np.random.default_rng(0)
    for test_blur in ("none", *(f"blur-{number}" for number in range(19))):
        ease = rng.normal(size=10_000)
        for number in range(50):
            hits = ease + rng.normal(size=10_000) > -1
            strategy = f"remedy-{number}" if number else "plain"
            board.cell(test_blur, strategy, hits="".join("01"[hit] for hit in hits.tolist()))
    before = time.process_time()
    result = board.standings()
    assert time.process_time() - before < 30
    assert len(result.blocks) == 20


def test_what_the_true_psf_is_worth_is_the_best_of_the_rows_that_are_told_it(board):
    for test_blur, wiener, lucy in (("none", 90, 90), ("gaussian-2", 70, 85), ("move", 80, 60)):
        board.cell(test_blur, "plain", hits=first(50))
        board.cell(test_blur, "wiener", hits=first(wiener), knows="true PSF")
        board.cell(test_blur, "lucy", hits=first(lucy), knows="true PSF")
    result = board.standings()
    best = {one.test_blur: one.best_oracle for one in result.blocks}
    assert best["none"] is None
    assert [(best[name].strategy, best[name].gain) for name in ("gaussian-2", "move")] == [
        ("lucy", pytest.approx(0.35)),
        ("wiener", pytest.approx(0.3)),
    ]
    (ranking,) = result.rankings
    assert ranking.best_oracle == pytest.approx(0.325)
    assert ranking.best_of_gap == 0  # oracles have no part in it
    assert "The best of these 2 in each block gains +32.5" in render(result)
    assert "The best of these: +35.0 (lucy), chosen on test images." in render(result)


def with_steps(board, strategy, right, steps, label=None):
    for test_blur in ("none", "gaussian-2"):
        record = board.cell(test_blur, strategy, hits=first(right), label=label)
        cost = record.accuracy.cost.model_copy(update={"fit_steps": steps})
        board.records[record.key] = record.model_copy(
            update={"result": record.accuracy.model_copy(update={"cost": cost})}
        )


def test_steps_are_told_as_multiples_of_the_baselines(board):
    for strategy, steps in (("plain", 200), ("retrain", 500), ("given", None)):
        with_steps(board, strategy, 50, steps)
    ratios = {one.strategy: one.steps_ratio for one in board.standings().rankings[0].rows}
    assert ratios == {"plain": 1.0, "retrain": 2.5, "given": None}


def test_at_equal_steps_a_row_is_held_against_the_control_that_takes_as_many(board):
    for factor in (2, 3):
        name = f"longer-{factor}"
        board.specs[name] = {"name": "longer", "revision": 1, "factor": factor}
        with_steps(board, name, 50 + 10 * factor, 100 * factor)
    for strategy, right, steps in (("plain", 50, 100), ("cheap", 60, 100), ("twice", 90, 204), ("thrice", 85, 290)):
        with_steps(board, strategy, right, steps)
    with_steps(board, "more", 99, 400)
    found = board.standings().rankings[0].at_equal_steps
    assert [(one.strategy, one.against, one.against_ratio, one.gain.estimate) for one in found] == [
        ("twice", "longer-2", 2.0, pytest.approx(0.2)),
        ("cheap", "plain", 1.0, pytest.approx(0.1)),
        ("thrice", "longer-3", 3.0, pytest.approx(0.05)),
    ]
    text = render(board.standings()).split("## At equal steps")[1]
    assert "More steps than any control: more." in text


def test_without_a_control_nothing_is_said_of_equal_steps(board):
    with_steps(board, "plain", 50, 100)
    with_steps(board, "retrain", 80, 200)
    assert "At equal steps" not in render(board.standings())
