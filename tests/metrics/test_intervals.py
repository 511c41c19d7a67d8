import math
import subprocess
import sys

import numpy as np
import pytest
from scipy import stats

from blurbench.metrics.intervals import Interval, difference_interval, mean_difference_interval, top1_interval


def hits(*counts: tuple[int, int]) -> np.ndarray:
    """One seed a pair (hits, images)."""
    return np.array([[True] * right + [False] * (n - right) for right, n in counts])


def discordant(won: int, lost: int, images: int) -> np.ndarray:
    return np.array([[1.0] * won + [-1.0] * lost + [0.0] * (images - won - lost)])


def ends(interval: Interval) -> tuple[float, float]:
    return interval.low, interval.high


# --- one seed ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("right", "n"), [(8, 10), (0, 25), (25, 25), (2391, 2600)])
def test_one_seed_has_wilsons_interval(right, n):
    expected = stats.binomtest(right, n).proportion_ci(method="wilson")
    assert ends(top1_interval(hits((right, n)))) == pytest.approx((expected.low, expected.high))


def test_a_difference_has_bonett_and_prices_interval():
    # 12 won, 5 lost of 100: one is added to each, so p12 = 13/102 and p21 = 6/102
    centre, half = 7 / 102, 1.959964 * math.sqrt((19 / 102 - (7 / 102) ** 2) / 102)
    interval = difference_interval(discordant(12, 5, 100))
    assert interval.estimate == pytest.approx(0.07)
    assert ends(interval) == pytest.approx((centre - half, centre + half))


@pytest.mark.parametrize(("won", "told"), [(5, False), (6, True)])
def test_certainty_begins_where_mcnemars_exact_test_says_so(won, told):
    assert (stats.binomtest(won, won).pvalue < 0.05) == told
    assert difference_interval(discordant(won, 0, 1000)).excludes_zero == told


def test_rows_that_agree_everywhere_are_not_told_apart():
    interval = difference_interval(discordant(0, 0, 500))
    assert interval.estimate == 0.0
    assert interval.low < 0 < interval.high


def test_intervals_stay_within_what_is_possible():
    assert ends(top1_interval(hits((1, 1))))[1] == 1.0
    assert difference_interval(discordant(3, 0, 3)).high == 1.0


# --- several seeds -------------------------------------------------------------------------------------------------


def test_images_and_seeds_each_have_their_own_quantile():
    # mean squares by hand: images 0.458333, seeds 0.125, rest 0.125
    correct = np.array([[1, 1, 0, 1], [1, 0, 0, 1]], dtype=bool)
    half = math.sqrt(1.959964**2 * (0.4583333 - 0.125) / 8 + stats.t.ppf(0.975, 1) ** 2 * 0.125 / 8)
    assert ends(top1_interval(correct)) == pytest.approx(wilson(0.625, half), abs=1e-6)
    assert top1_interval(correct).seed_share == pytest.approx(0.125 / 0.4583333)


def test_seeds_that_differ_widen_the_interval():
    # mean squares by hand: images 0.125, seeds 1.125, rest 0.125
    correct = np.array([[1, 1, 1, 1], [1, 0, 0, 0]], dtype=bool)
    half = stats.t.ppf(0.975, 1) * math.sqrt(1.125 / 8)
    assert ends(top1_interval(correct)) == pytest.approx(wilson(0.625, half), abs=1e-6)
    assert top1_interval(correct).seed_share == 1.0


def wilson(p: float, half: float) -> tuple[float, float]:
    """Wilson's interval for the number of images that would give `half` around p."""
    grown = half**2 / (p * (1 - p))
    width = math.sqrt(grown * p * (1 - p) + grown**2 / 4)
    return (p + grown / 2 - width) / (1 + grown), (p + grown / 2 + width) / (1 + grown)


def test_two_seeds_on_many_alike_images_have_students_interval():
    # no image differs from another, so what is left is a t test on two seed means
    difference = np.repeat([[0.2], [0.4]], 1000, axis=1)
    interval = difference_interval(difference)
    expected = stats.t.interval(0.95, 1, loc=0.3 * 1000 / 1002, scale=stats.sem([0.2, 0.4]) * 1000 / 1002)
    assert (interval.low, interval.high) == pytest.approx((max(expected[0], -1), min(expected[1], 1)), rel=0.01)


def test_one_seed_says_nothing_of_seeds():
    assert top1_interval(hits((8, 10))).seed_share is None
    assert difference_interval(discordant(3, 1, 50)).seed_share is None


def test_the_same_seed_three_times_tells_no_more_than_once():
    once = discordant(30, 10, 400)
    one, three = difference_interval(once), difference_interval(np.repeat(once, 3, axis=0))
    assert three.estimate == pytest.approx(one.estimate)
    assert ends(three) == pytest.approx(ends(one), rel=0.01)


def test_the_order_of_seeds_does_not_matter():
    rng = np.random.default_rng(0)
    difference = rng.choice([-1.0, 0.0, 1.0], size=(3, 50))
    assert ends(difference_interval(difference[::-1])) == pytest.approx(ends(difference_interval(difference)))


# --- several data sets ---------------------------------------------------------------------------------------------


def test_variances_of_data_sets_add_up():
    one, other = discordant(20, 5, 200), discordant(40, 60, 500)
    interval = mean_difference_interval([one, other], [0.25, 0.75])
    centre = 0.25 * 15 / 202 - 0.75 * 20 / 502
    variance = 0.25**2 * (27 / 202 - (15 / 202) ** 2) / 202 + 0.75**2 * (102 / 502 - (20 / 502) ** 2) / 502
    assert interval.estimate == pytest.approx(0.25 * 0.075 - 0.75 * 0.04)
    assert ends(interval) == pytest.approx(
        (centre - 1.959964 * math.sqrt(variance), centre + 1.959964 * math.sqrt(variance))
    )


# --- coverage ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("seeds", "seed_spread"), [(1, 0.0), (3, 0.0), (3, 0.1), (5, 0.1)])
def test_nineteen_of_twenty_intervals_hold_the_truth(seeds, seed_spread):
    # an image is right where ease + luck of the seed + chance > threshold, all normal; true top-1 in closed form
    rng = np.random.default_rng(1)
    spread, draws, images = math.sqrt(1 + seed_spread**2 + 0.25), 2000, 250
    truths = [stats.norm.cdf(threshold / spread) for threshold in (1.0, 0.7)]
    held = np.zeros(2)
    for _ in range(draws):
        ease = rng.normal(size=images)
        one, other = (
            ease + seed_spread * rng.normal(size=(seeds, 1)) + 0.5 * rng.normal(size=(seeds, images)) > -threshold
            for threshold in (1.0, 0.7)
        )
        top1, difference = top1_interval(one), difference_interval(one.astype(float) - other)
        held += [top1.low <= truths[0] <= top1.high, difference.low <= truths[0] - truths[1] <= difference.high]
    assert (held / draws > 0.935).all()
    assert (held / draws < 0.99).all()


def test_intervals_of_one_seed_need_neither_torch_nor_scipy():
    script = (
        "import sys, numpy as np\n"
        "from blurbench.metrics.intervals import difference_interval, top1_interval\n"
        "top1_interval(np.ones((1, 9), dtype=bool)), difference_interval(np.ones((1, 9)))\n"
        "sys.exit(bool({'torch', 'scipy'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
