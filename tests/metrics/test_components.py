import math

import numpy as np
import pytest
from scipy import stats

from blurbench.metrics.components import normal_quantile, of_means, student_quantile, weighted_sum


def mean_squares(values: np.ndarray) -> tuple[float, float, float]:
    """Two-way analysis of variance without replication, as textbooks write it."""
    seeds, images = values.shape
    mean, by_image, by_seed = values.mean(), values.mean(axis=0), values.mean(axis=1)
    rest = values - by_image[None] - by_seed[:, None] + mean
    return (
        seeds * ((by_image - mean) ** 2).sum() / (images - 1),
        images * ((by_seed - mean) ** 2).sum() / (seeds - 1),
        (rest**2).sum() / ((images - 1) * (seeds - 1)),
    )


def test_the_parts_follow_from_the_mean_squares():
    values = np.random.default_rng(0).normal(size=(3, 40)) + np.random.default_rng(1).normal(size=40)
    images, seeds, rest = mean_squares(values)
    found = of_means(values)
    assert found.mean == pytest.approx(values.mean())
    assert found.images == pytest.approx((images - rest) / 120)
    assert found.seeds == pytest.approx(seeds / 120)
    assert found.freedom == 2


def test_the_parts_are_those_that_the_numbers_were_drawn_with():
    rng = np.random.default_rng(2)
    drawn = [
        of_means(2 * rng.normal(size=200) + 0.5 * rng.normal(size=(4, 1)) + rng.normal(size=(4, 200)))
        for _ in range(800)
    ]
    assert np.mean([one.images for one in drawn]) == pytest.approx(2**2 / 200, rel=0.03)
    assert np.mean([one.seeds for one in drawn]) == pytest.approx(0.5**2 / 4 + 1 / (4 * 200), rel=0.1)
    assert np.var([one.mean for one in drawn]) == pytest.approx(
        np.mean([one.images + one.seeds for one in drawn]), rel=0.15
    )


def test_images_that_differ_less_than_chance_count_as_alike():
    found = of_means(np.array([[1.0, 0.0], [0.0, 1.0]]))
    assert (found.images, found.seeds) == (0, 0)
    assert found.seed_share == 0


def test_one_seed_has_the_variance_of_a_share():
    found = of_means(np.array([[1.0] * 30 + [0.0] * 70]))
    assert found.images == pytest.approx(0.3 * 0.7 / 100)
    assert found.seeds == 0
    assert math.isinf(found.freedom)


def test_the_extra_images_are_the_same_as_appended_ones():
    values = np.random.default_rng(3).choice([-1.0, 0.0, 1.0], size=(3, 50))
    appended = of_means(np.hstack([values, np.ones((3, 1)), -np.ones((3, 1))]))
    found = of_means(values, extra=1.0)
    for name in ("mean", "images", "seeds", "freedom"):
        assert getattr(found, name) == pytest.approx(getattr(appended, name))


def test_degrees_of_freedom_of_a_sum_are_welchs():
    rng = np.random.default_rng(4)
    one, other = (of_means(rng.normal(size=(seeds, 30)) + rng.normal(size=(seeds, 1))) for seeds in (3, 5))
    both = weighted_sum([one, other], [0.25, 0.75])
    parts = 0.0625 * one.seeds, 0.5625 * other.seeds
    assert both.seeds == pytest.approx(sum(parts))
    assert both.images == pytest.approx(0.0625 * one.images + 0.5625 * other.images)
    assert both.freedom == pytest.approx(sum(parts) ** 2 / (parts[0] ** 2 / 2 + parts[1] ** 2 / 4))


@pytest.mark.parametrize("tail", [0.025, 1e-4])
def test_quantiles_are_scipys(tail):
    assert normal_quantile(tail) == pytest.approx(stats.norm.isf(tail))
    freedom = np.array([1.0, 2.0, 7.5, math.inf])
    assert student_quantile(tail, freedom) == pytest.approx(stats.t.isf(tail, freedom))
