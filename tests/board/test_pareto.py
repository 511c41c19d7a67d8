import pytest

from blurbench.board.pareto import CostBenefit, on_front

IDENTITY = {"name": "deblur-then-classify", "restorer": {"name": "identity"}}


def test_an_offer_that_another_beats_in_everything_is_off_the_front():
    cheap, good, dear = CostBenefit(0.1, 0.0, 5.0), CostBenefit(0.3, 1.0, 20.0), CostBenefit(0.3, 2.0, 20.0)
    assert on_front([cheap, good, dear]) == [True, True, False]


def test_equal_offers_stand_together():
    assert on_front([CostBenefit(0.1, 0.0, 5.0)] * 2) == [True, True]


def test_unknown_times_are_neither_on_nor_off():
    assert on_front([None, CostBenefit(0.1, 0.0, 5.0)]) == [None, True]


@pytest.mark.parametrize(
    ("added_ms", "fit_seconds"), [(-0.071, 5.5), (0.245, 6.9), (0.0, 6.0), (-0.57, 5.6), (0.29, 7.8)]
)
def test_prices_that_differ_as_little_as_those_of_identical_work_decide_nothing(added_ms, fit_seconds):
    assert on_front([CostBenefit(0.314, added_ms, fit_seconds), CostBenefit(0.314, 0.0, 6.9)]) == [True, True]


def test_a_price_is_lower_by_more_than_a_third_and_by_more_than_the_clock_can_tell():
    def first_alone(cheap: CostBenefit, dear: CostBenefit) -> bool:
        return on_front([cheap, dear]) == [True, False]

    assert first_alone(CostBenefit(0.3, 1.9, 5.0), CostBenefit(0.3, 3.0, 5.0))
    assert not first_alone(CostBenefit(0.3, 2.1, 5.0), CostBenefit(0.3, 3.0, 5.0))
    assert first_alone(CostBenefit(0.3, 0.0, 0.9), CostBenefit(0.3, 0.0, 2.0))
    assert not first_alone(CostBenefit(0.3, 0.0, 0.1), CostBenefit(0.3, 0.0, 1.0))


def test_gains_that_show_the_same_tenth_of_a_point_are_equal():
    assert on_front([CostBenefit(0.3141, 0.0, 5.0), CostBenefit(0.3136, 0.0, 5.0)]) == [True, True]
    assert on_front([CostBenefit(0.3146, 0.0, 5.0), CostBenefit(0.3136, 0.0, 5.0)]) == [True, False]


def test_a_row_that_surely_loses_is_off_the_front_however_little_it_costs():
    assert on_front([CostBenefit(-0.167, 0.0, 1.0, surely_loses=True), CostBenefit(0.0, 0.0, 9.0)]) == [False, True]


def test_a_control_yields_to_a_row_that_does_the_same_even_where_it_took_less_time():
    assert on_front([CostBenefit(0.3, 0.0, 2.0, is_control=True), CostBenefit(0.3, 0.0, 9.0)]) == [True, True]
    assert on_front([CostBenefit(0.3, 0.0, 8.0, is_control=True), CostBenefit(0.3, 0.0, 9.0)]) == [False, True]


def test_a_control_that_gains_more_shows_that_a_row_is_not_worth_its_price():
    assert on_front([CostBenefit(0.4, 0.0, 9.0, is_control=True), CostBenefit(0.3, 0.0, 9.0)]) == [True, False]


def test_rows_of_a_block_and_of_the_ranking_are_marked(board):
    for strategy, hits, seconds in (("plain", 5, 10.0), ("retrain", 8, 10.0), ("slow", 8, 30.0), ("best", 9, 40.0)):
        board.cell("gaussian-2", strategy, hits="1" * hits + "0" * (10 - hits), fit_seconds=seconds)
        board.timing(strategy, one=1.0, of_256=0.1)
    board.cell("gaussian-2", "untimed", hits="1" * 10)
    board.cell("gaussian-2", "wiener", hits="1" * 10, knows="true PSF")
    assert marks(board) == {
        "plain": False,
        "retrain": True,
        "slow": False,
        "best": True,
        "untimed": None,
        "wiener": None,
    }


def test_a_control_and_a_sure_loss_are_known_in_blocks_and_in_the_ranking(board):
    board.specs["deblur-identity"] = IDENTITY
    for strategy, right, seconds in (
        ("plain", 50, 6.9),
        ("retrain", 80, 6.9),
        ("deblur-identity", 80, 5.5),
        ("worse", 20, 0.1),
    ):
        board.cell("gaussian-2", strategy, hits="1" * right + "0" * (100 - right), fit_seconds=seconds)
        board.timing(strategy, one=1.0, of_256=0.1)
    assert marks(board) == {"retrain": True, "deblur-identity": False, "plain": False, "worse": False}


def marks(board) -> dict[str, bool | None]:
    """Of the one block and of the one ranking, which must agree."""
    result = board.standings()
    (block,), (ranking,) = result.blocks, result.rankings
    of_block = {row.strategy: row.on_front for row in (*block.rows, *block.oracles)}
    assert {row.strategy: row.on_front for row in (*ranking.rows, *ranking.oracles)} == of_block
    return of_block
