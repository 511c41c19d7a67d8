import pytest

from blurbench.metrics.intervals import Interval
from blurbench.metrics.robustness import (
    area_under,
    corruption_error,
    half_accuracy,
    recovered,
    relative_corruption_error,
    retained,
)


def test_half_of_the_loss_won_back_is_one_half():
    assert recovered(0.06, Interval(0.12, 0.09, 0.15)) == pytest.approx(0.5)


def test_a_remedy_can_overshoot_or_add_to_the_loss():
    assert recovered(0.15, Interval(0.12, 0.09, 0.15)) == pytest.approx(1.25)
    assert recovered(-0.03, Interval(0.12, 0.09, 0.15)) == pytest.approx(-0.25)


@pytest.mark.parametrize("loss", [Interval(0.01, -0.01, 0.03), Interval(0.0, 0.0, 0.0), Interval(-0.05, -0.08, -0.02)])
def test_there_is_nothing_to_recover_where_no_loss_is_certain(loss):
    assert recovered(0.06, loss) is None


def test_retained_is_a_share_of_the_clean_accuracy():
    assert retained(0.6, 0.8) == pytest.approx(0.75)
    assert retained(0.0, 0.0) is None


def test_a_corruption_error_is_a_share_of_the_references_errors():
    # errors 0.2 + 0.4 against 0.3 + 0.9, as in equation 1 of Hendrycks & Dietterich 2019
    assert corruption_error([0.8, 0.6], [0.7, 0.1]) == pytest.approx(0.6 / 1.2)
    assert corruption_error([0.8], [1.0]) is None


def test_a_relative_corruption_error_leaves_the_clean_errors_out():
    # (0.2 - 0.1) + (0.4 - 0.1) against (0.3 - 0.2) + (0.9 - 0.2)
    assert relative_corruption_error([0.8, 0.6], 0.9, [0.7, 0.1], 0.8) == pytest.approx(0.4 / 0.8)
    assert relative_corruption_error([0.8], 0.9, [0.8], 0.8) is None


def test_the_area_is_the_mean_top1_along_the_ladder():
    # trapezia from 0 to 1, 1 to 2, 2 to 4: 0.9 + 0.7 + 2 * 0.4
    assert area_under(1.0, [1, 2, 4], [0.8, 0.6, 0.2]) == pytest.approx((0.9 + 0.7 + 0.8) / 4)
    assert area_under(0.7, [0.5, 3], [0.7, 0.7]) == pytest.approx(0.7)


def test_half_the_clean_accuracy_lies_between_two_steps():
    # 0.9 / 2 = 0.45 is met a quarter of the way from 0.5 to 0.3
    assert half_accuracy(0.9, [1, 2, 3], [0.8, 0.5, 0.3]) == pytest.approx(2.25)
    assert half_accuracy(0.9, [1, 2], [0.45, 0.5]) == pytest.approx(1.0)
    assert half_accuracy(0.9, [1], [0.1]) == pytest.approx(0.45 / 0.8)


def test_half_the_clean_accuracy_may_not_be_reached():
    assert half_accuracy(0.9, [1, 2, 3], [0.8, 0.7, 0.6]) is None
    assert half_accuracy(0.0, [1], [0.0]) is None
