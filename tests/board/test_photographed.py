"""Blocks of pictures that were photographed blurred: other images, in another number, than the rest of the data set."""

from __future__ import annotations

import html
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from blurbench.board.paired import Pair, mean_difference, paired_interval
from blurbench.board.render import markdown, page
from blurbench.board.schema import BlockKey, Standings
from blurbench.metrics.intervals import mean_difference_interval, top1_interval, unpaired_difference_interval
from tests.builders import Board, swept

RNG = np.random.default_rng(0)


def photographed(board: Board, strategy: str, hits: int, images: int = 60, **given: Any) -> None:
    """A cell of a row under such pictures."""
    text = "1" * hits + "0" * (images - hits)
    record = board.cell("as-photographed", strategy, hits=text, exposure="unseen family", **given)
    assert record.result is not None
    result = record.result.model_copy(update={"photographed": True})
    board.records[record.key] = record.model_copy(update={"result": result})


@pytest.fixture
def standings() -> Standings:
    """Rows under blurs put on 100 images, and on 60 blurred pictures; retrain had met one of the blurs, augment all."""
    board = swept(Board())
    for blur, hits in (("none", 85), ("gaussian-1", 86), ("gaussian-2", 84), ("gaussian-4", 70)):
        board.cell(blur, "augment", hits="1" * hits + "0" * (100 - hits), exposure="seen")
    photographed(board, "augment", 45)
    photographed(board, "plain", 30)
    photographed(board, "retrain", 42, train_blur="gaussian-2")
    photographed(board, "wiener", 50, knows="true PSF")
    return board.standings()


def block(standings: Standings) -> Any:
    return next(one for one in standings.blocks if one.test_blur == "as-photographed")


def test_a_gain_is_paired_on_the_pictures_and_the_loss_is_not_paired_at_all(standings: Standings) -> None:
    found = block(standings)
    sharp, blurred = (np.array([[True] * hits + [False] * (n - hits)]) for hits, n in ((90, 100), (30, 60)))

    assert found.by_key["retrain", "gaussian-2"].gain.estimate == pytest.approx(12 / 60)
    assert found.loss == unpaired_difference_interval(top1_interval(sharp), top1_interval(blurred))
    assert found.loss.estimate == pytest.approx(0.4)
    assert standings.test_images == {"dots": 100, "dots (as-photographed)": 60}


def test_nothing_is_said_to_be_won_back_of_a_loss_of_other_pictures(standings: Standings) -> None:
    for row in block(standings).by_key.values():
        assert (row.recovered, row.recovered_interval, row.retained, row.churn) == (None, None, None, None)
    assert block(standings).by_key["retrain", "gaussian-2"].clean == pytest.approx(0.85)


def test_the_overall_gain_is_the_mean_over_all_blurred_blocks(standings: Standings) -> None:
    (ranking,) = standings.rankings
    overall = next(row for row in ranking.rows if row.strategy == "retrain")
    gains = [one.by_key["retrain", "gaussian-2"].gain for one in standings.blocks if one.test_blur != "none"]

    assert len(gains) == 4
    assert overall.gain is not None
    assert overall.gain.estimate == pytest.approx(fmean(gain.estimate for gain in gains if gain))
    assert {(row.strategy, row.blocks) for row in ranking.unseen} == {("retrain", 3), ("augment", 1)}


def test_every_board_says_that_they_are_other_pictures(standings: Standings) -> None:
    told = "as-photographed: other pictures than the sharp ones, so what is lost is not paired image by image."
    here = "60 other pictures than the sharp ones, photographed blurred. The baseline's top-1 on them less that on the"
    shown = html.unescape(page.render(standings))
    assert told in markdown.render(standings)
    assert told in shown
    assert told in markdown.summary(standings)
    assert here in markdown.render(standings)
    assert f", as-photographed: {here}" in shown
    assert "other pictures" not in page.render(swept(Board()).standings())


def test_who_fits_nothing_needs_no_training_images(standings: Standings) -> None:
    board = Board()
    for images, strategy in ((0, "plain"), (1000, "retrain")):
        record = board.cell("none", strategy, hits="1100", requires=["labels", "clean images", "weights"])
        assert record.result is not None
        cost = record.accuracy.cost.model_copy(update={"fit_images_seen": images})
        result = record.result.model_copy(update={"cost": cost})
        board.records[record.key] = record.model_copy(update={"result": result})
    required = {row.strategy: row.requires for row in board.standings().blocks[0].rows}
    assert required == {"plain": ("weights",), "retrain": ("labels", "clean images", "weights")}


# --- intervals -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Hits:
    right: NDArray[np.bool_]

    @property
    def seeds(self) -> range:
        return range(len(self.right))

    def correct(self, seeds: Any) -> NDArray[np.bool_]:
        return self.right[list(seeds)]


def pair(blur: str, before: NDArray[np.bool_], after: NDArray[np.bool_]) -> Pair:
    return Pair(BlockKey("dots", "cnn3", blur), Hits(after), Hits(before))


def test_blocks_of_the_same_images_are_averaged_image_by_image_and_others_stand_beside_them() -> None:
    pairs = [pair(str(n), *(RNG.random((2, 3, n)) < 0.5)) for n in (40, 40, 25)]
    each = [mean_difference([one]) for one in pairs]
    found = mean_difference(pairs)

    assert np.array_equal(mean_difference(pairs[:2]), (each[0] + each[1]) / 2)
    assert found.shape == (3, 65)
    assert found.mean(axis=1) == pytest.approx(np.mean([one.mean(axis=1) for one in each], axis=0))
    assert mean_difference(pairs[:2], sizes=(25, 40)).shape == (3, 65)
    assert mean_difference(pairs[:2], sizes=(25, 40)).mean() == pytest.approx(mean_difference(pairs[:2]).mean())


def test_the_interval_over_both_kinds_is_no_narrower_than_for_images_that_are_independent() -> None:
    pairs = [pair(str(n), RNG.random((1, n)) < 0.5, RNG.random((1, n)) < 0.8) for n in (400, 150)]
    found = paired_interval(pairs)
    assert found is not None
    apart = mean_difference_interval([mean_difference([one]) for one in pairs], [0.5, 0.5])

    assert found.estimate == pytest.approx(apart.estimate)
    assert 1 <= (found.high - found.low) / (apart.high - apart.low) < 1.2


def test_seeds_that_are_good_on_both_kinds_widen_it_as_they_should() -> None:
    """The fits are the same, so what a seed is better by is no accident of one kind alone."""
    held = 0
    for _ in range(200):
        skill = RNG.normal(0.2, 0.1, (3, 1)).clip(0, 0.45)
        pairs = [pair(str(n), RNG.random((3, n)) < 0.5, RNG.random((3, n)) < 0.5 + skill) for n in (90, 40)]
        found = paired_interval(pairs)
        assert found is not None
        held += found.low < 0.2 < found.high
    assert held >= 186  # 95% of 200, less two standard deviations


@pytest.mark.parametrize(("hits", "images"), [((50, 40), (60, 60)), ((19, 5), (20, 200)), ((20, 8), (20, 9))])
def test_the_difference_of_two_shares_is_newcombes(hits: tuple[int, int], images: tuple[int, int]) -> None:
    one, other = (
        top1_interval(np.array([[True] * right + [False] * (n - right)])) for right, n in zip(hits, images, strict=True)
    )
    found = unpaired_difference_interval(one, other)
    assert -1 <= found.low < found.estimate < found.high <= 1
    assert found.low == pytest.approx(
        found.estimate - ((one.estimate - one.low) ** 2 + (other.high - other.estimate) ** 2) ** 0.5
    )
