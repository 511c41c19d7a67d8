"""The overall order for one classifier."""

import pytest

from blurbench.board.render.markdown import render
from tests.board.conftest import first, of, overall


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
