import time

import numpy as np
import pytest

from blurbench.board.outcomes import outcomes_of
from blurbench.board.render.markdown import render
from blurbench.board.standings import standings
from tests.board.conftest import first, of, row


def test_the_order_of_records_does_not_matter(simple):
    backwards = dict(reversed(simple.records.items()))
    assert render(standings(outcomes_of(simple.manifest, backwards, {}))) == render(of(simple))


def test_a_board_of_one_seed_speaks_of_images_only(simple):
    assert of(simple).images_only
    assert row(simple, "retrain").top1.seed_share is None
    simple.cell("gaussian-2", "plain", hits=first(55), seed=1)
    simple.cell("gaussian-2", "retrain", "gaussian-2", hits=first(80), seed=1)
    assert not of(simple).images_only
    assert row(simple, "retrain").top1.seed_share == 0.0
    assert row(simple, "retrain").gain.seed_share > 0.2


@pytest.mark.slow
def test_a_thousand_cells_of_ten_thousand_images_take_seconds(board):
    rng = np.random.default_rng(0)
    for test_blur in ("none", *(f"blur-{number}" for number in range(19))):
        ease = rng.normal(size=10_000)
        for number in range(50):
            hits = ease + rng.normal(size=10_000) > -1
            strategy = f"remedy-{number}" if number else "plain"
            board.cell(test_blur, strategy, hits="".join("01"[hit] for hit in hits.tolist()))
    before = time.process_time()
    result = board.standings()
    assert time.process_time() - before < 30
    assert len(result.blocks) == 20
