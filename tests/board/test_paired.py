"""Means over values of which some are not known."""

from blurbench.board.paired import largest, mean_of_all, mean_of_known


def test_a_mean_of_all_is_not_known_where_one_value_is_not():
    assert mean_of_all([1.0, 3.0]) == 2.0
    assert mean_of_all([1.0, None]) is None
    assert mean_of_all([]) is None


def test_a_mean_of_what_is_known_leaves_the_rest_out():
    assert mean_of_known([1.0, None, 3.0]) == 2.0
    assert mean_of_known([None]) is None


def test_the_largest_is_not_known_where_one_is_not():
    assert largest([2, 7]) == 7
    assert largest([2, None]) is None
