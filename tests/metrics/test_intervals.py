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


def test_seeds_that_agree_within_chance_add_images_only():
    # mean squares by hand: images 0.458333, seeds 0.125, interaction 0.125; seeds do not exceed the interaction
    correct = np.array([[1, 1, 0, 1], [1, 0, 0, 1]], dtype=bool)
    images, t = 0.625 * 0.375 / (0.4583333 / 8), stats.t.ppf(0.975, 3)
    centre = (0.625 + t**2 / (2 * images)) / (1 + t**2 / images)
    half = t / (1 + t**2 / images) * math.sqrt(0.625 * 0.375 / images + t**2 / (4 * images**2))
    assert ends(top1_interval(correct)) == pytest.approx((centre - half, centre + half), abs=1e-6)


def test_seeds_that_differ_widen_the_interval():
    # mean squares by hand: images 0.125, seeds 1.125, interaction 0.125
    correct = np.array([[1, 1, 1, 1], [1, 0, 0, 0]], dtype=bool)
    variance = 1.125 / 8
    freedom = 1.125**2 / (0.125**2 / 3 + 1.125**2 / 1 + 0.125**2 / 3)
    images, t = 0.625 * 0.375 / variance, stats.t.ppf(0.975, freedom)
    centre = (0.625 + t**2 / (2 * images)) / (1 + t**2 / images)
    half = t / (1 + t**2 / images) * math.sqrt(0.625 * 0.375 / images + t**2 / (4 * images**2))
    assert ends(top1_interval(correct)) == pytest.approx((centre - half, centre + half), abs=1e-6)


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
    assert (held / draws > 0.92).all()
    assert (held / draws < 0.985).all()


def test_intervals_of_one_seed_need_neither_torch_nor_scipy():
    script = (
        "import sys, numpy as np\n"
        "from blurbench.metrics.intervals import difference_interval, top1_interval\n"
        "top1_interval(np.ones((1, 9), dtype=bool)), difference_interval(np.ones((1, 9)))\n"
        "sys.exit(bool({'torch', 'scipy'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
