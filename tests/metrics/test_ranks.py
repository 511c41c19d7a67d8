import time

import numpy as np
import pytest
from scipy import stats

from blurbench.metrics.intervals import difference_interval
from blurbench.metrics.ranks import Ranks, Scores, rank_sets


def row(*right: int, of: int = 1000) -> dict[int, np.ndarray]:
    """For each seed, the first so many images right."""
    return {seed: np.arange(of) < number for seed, number in enumerate(right)}


def sets(*rows: dict[int, np.ndarray]) -> list[Ranks]:
    return rank_sets([Scores(rows)])


def test_rows_that_are_the_same_share_their_ranks():
    assert sets(row(900), row(500), row(500)) == [(1, 1), (2, 3), (2, 3)]
    assert sets(row(900, 910), row(500, 520), row(500, 520)) == [(1, 1), (2, 3), (2, 3)]


def test_rows_that_cannot_be_told_apart_share_their_ranks():
    assert sets(row(900), row(897), row(600)) == [(1, 2), (1, 2), (3, 3)]


def test_a_row_between_two_may_be_either():
    # 6 images won and none lost set two rows apart, but not two of three: 6 / sqrt(6 + 2) < 2.39
    first, middle, last = row(900), row(894), row(888)
    assert sets(first, middle) == [(1, 1), (2, 2)]
    assert sets(first, middle, last) == [(1, 2), (1, 3), (2, 3)]


def test_two_rows_are_told_apart_just_where_their_interval_excludes_0():
    for lost in range(3, 9):
        told = difference_interval((np.arange(1000) < lost)[None].astype(float)).excludes_zero
        assert (sets(row(500), row(500 - lost))[0] == (1, 1)) == told


def test_more_rows_ask_for_more_evidence():
    # with 20 rows of which one is 7 images behind: McNemar's p is 0.016, no ground to pick it out of 190 pairs
    pair = [row(500), row(493)]
    assert stats.binomtest(7, 7).pvalue < 0.05
    assert sets(*pair) == [(1, 1), (2, 2)]
    assert sets(*pair, *[row(500)] * 18)[1] == (1, 20)


def test_what_is_told_of_some_pairs_sharpens_the_rest():
    # Holm: 12 images of 1000 do for a pair among 4 rows once the far rows are out of the question
    near = [row(900), row(887)]
    alike = sets(*near, row(900), row(900))
    apart = sets(*near, row(100), row(10))
    assert (alike[1].low, apart[:2]) == (4, [(1, 1), (2, 2)])


def test_seeds_that_differ_make_rows_hard_to_tell_apart():
    steady = sets(row(900, 900, 900), row(870, 870, 870))
    unsteady = sets(row(930, 900, 870), row(870, 890, 850))
    assert steady == [(1, 1), (2, 2)]
    assert unsteady == [(1, 2), (1, 2)]


def test_a_pair_that_was_lucky_with_its_seeds_is_held_to_the_others():
    lucky = row(900, 900, 900), row(880, 880, 880)
    shaky = [row(990 - 300 * (seed == 0), 990 - 300 * (seed == 1), 990 - 300 * (seed == 2)) for seed in range(3)]
    assert sets(*lucky) == [(1, 1), (2, 2)]
    assert sets(*lucky, *shaky)[:2] == [(1, 5), (1, 5)]


def test_pairs_use_the_seeds_that_both_have():
    complete, partial, alone = row(900, 900, 900), {1: np.arange(1000) < 600}, {7: np.arange(1000) < 100}
    assert sets(complete, partial) == [(1, 1), (2, 2)]
    assert sets(complete, alone) == [(1, 2), (1, 2)]


def test_data_sets_count_by_their_weight():
    up, down = Scores([row(900), row(600)], 0.9), Scores([row(600), row(900)], 0.1)
    assert rank_sets([up, down]) == [(1, 1), (2, 2)]
    halves = [Scores(scores.rows, 0.5) for scores in (up, down)]
    assert rank_sets(halves) == [(1, 2), (1, 2)]


def test_one_row_is_the_first():
    assert sets(row(3)) == [(1, 1)]
    assert rank_sets([Scores([])]) == []


@pytest.mark.parametrize("seeds", [1, 3])
def test_all_rank_sets_hold_at_once_in_nineteen_of_twenty_draws(seeds):
    # eight rows of the same true accuracy: whatever is told is wrong
    rng = np.random.default_rng(5)
    wrong, draws = 0, 400
    for _ in range(draws):
        ease, luck = rng.normal(size=300), 0.1 * rng.normal(size=(8, seeds, 1))
        if seeds == 1:
            luck = 0 * luck
        hits = ease + luck + 0.6 * rng.normal(size=(8, seeds, 300)) > -1
        wrong += any(one != (1, 8) for one in sets(*(dict(enumerate(one)) for one in hits)))
    assert wrong / draws < 0.05 + 2 * 0.011


def test_a_thousand_cells_of_ten_thousand_images_take_seconds():
    rng = np.random.default_rng(6)
    ease = rng.normal(size=10_000)
    block = [{0: ease + rng.normal(size=10_000) > -1} for _ in range(50)]
    before = time.process_time()
    for _ in range(20):
        sets(*block)
    assert time.process_time() - before < 10


def test_a_pair_that_bonferronis_rule_would_not_tell_apart_is_told_by_holms_further_steps():
    # 8 images won and none lost, 8 / sqrt(8 + 2) = 2.53: less than the 2.64 of 12 pairs, more than the 2.45 of the 7
    # that are left once the two far rows are told from all others.
    assert sets(row(900), row(892), row(900), row(900))[1] == (1, 4)
    assert sets(row(900), row(892), row(100), row(10)) == [(1, 1), (2, 2), (3, 3), (4, 4)]
