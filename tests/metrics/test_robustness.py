import pytest

from blurbench.metrics.intervals import Interval
from blurbench.metrics.robustness import recovered, retained


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
