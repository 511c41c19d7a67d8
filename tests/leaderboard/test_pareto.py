from blurbench.leaderboard.pareto import Offer, on_front
from blurbench.leaderboard.standings import standings


def test_an_offer_that_another_beats_in_everything_is_off_the_front():
    cheap, good, dear = Offer(0.1, 0.0, 5.0), Offer(0.3, 1.0, 20.0), Offer(0.3, 2.0, 20.0)
    assert on_front([cheap, good, dear]) == [True, True, False]


def test_equal_offers_stand_together():
    assert on_front([Offer(0.1, 0.0, 5.0)] * 2) == [True, True]


def test_unknown_times_are_neither_on_nor_off():
    assert on_front([None, Offer(0.1, 0.0, 5.0)]) == [None, True]


def test_rows_of_a_block_and_of_the_ranking_are_marked(board):
    for strategy, hits, seconds in (("plain", 5, 10.0), ("retrain", 8, 10.0), ("slow", 8, 30.0), ("best", 9, 40.0)):
        board.cell("gaussian-2", strategy, hits="1" * hits + "0" * (10 - hits), fit_seconds=seconds)
        board.timing(strategy, one=1.0, of_256=0.1)
    board.cell("gaussian-2", "untimed", hits="1" * 10)
    board.cell("gaussian-2", "wiener", hits="1" * 10, knows="true PSF")
    result = standings(board.manifest, board.records, board.timings)
    expected = {"plain": False, "retrain": True, "slow": False, "best": True, "untimed": None, "wiener": None}
    (block,), (ranking,) = result.blocks, result.rankings
    assert {row.strategy: row.on_front for row in (*block.rows, *block.oracles)} == expected
    assert {row.strategy: row.on_front for row in (*ranking.rows, *ranking.oracles)} == expected
