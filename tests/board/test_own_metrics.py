"""What boards say of metrics of plugins: means over what is defined, with their intervals."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from blurbench.board.render.export import frame
from blurbench.board.schema import Row
from blurbench.contract.metric import TAKEN
from blurbench.measurements.accuracy.result import Images
from blurbench.metrics.intervals import mean_interval
from blurbench.registry import Registry, config
from tests.builders import Board, swept

Numbers = Sequence[float | None]


def row(*seeds: Numbers) -> Row:
    """A row whose metric `m` says this of its images, seed by seed."""
    board = Board()
    for seed, numbers in enumerate(seeds):
        defined = [number for number in numbers if number is not None]
        mean = sum(defined) / len(defined) if defined else None
        board.cell(
            "none",
            "plain",
            hits="1" * len(numbers),
            seed=seed,
            metrics={"own": {"m": mean}},
            errors={"own": {"m": numbers}},
        )
    (found,) = board.standings().blocks[0].rows
    return found


def test_where_every_image_has_a_number_the_interval_is_that_of_a_mean() -> None:
    values = np.random.default_rng(0).normal(2, 1, (3, 40)).round(3)
    own, expected = row(*values.tolist()).own["m"], mean_interval(values)

    assert (own.estimate, own.low, own.high) == pytest.approx((expected.estimate, expected.low, expected.high))


def test_images_of_which_it_says_nothing_take_no_part() -> None:
    values = np.random.default_rng(0).normal(2, 1, 40).round(3)
    own, expected = row([*values.tolist(), *[None] * 60]).own["m"], mean_interval(values[None])

    assert own.estimate == pytest.approx(expected.estimate)
    assert own.high - own.low == pytest.approx(expected.high - expected.low)


def test_the_interval_holds_the_mean_of_what_is_defined_as_often_as_it_says() -> None:
    rng, held = np.random.default_rng(0), 0
    for _ in range(200):
        defined, values = rng.random((2, 120)) < 0.4, rng.normal(1, 2, (2, 120)).round(3)
        own = row(*np.where(defined, values, None).tolist()).own["m"]
        held += own.low < 1 < own.high
    assert held >= 186  # 95% of 200, less two standard deviations


@pytest.mark.parametrize("numbers", [[None] * 5, [0.5, None, None, None, None]])
def test_of_one_image_or_none_there_is_no_interval(numbers: Numbers) -> None:
    assert row(numbers).own == {}


def test_a_metric_cannot_be_called_as_a_column_is() -> None:
    board = swept(Board())
    board.failure("none", "other", status="failed", reason="no luck")
    columns = {*board.outcomes.frame(), *frame(board.standings()), *Images.model_fields, "image"}

    assert {name for name in columns if "_" not in name} == TAKEN


@pytest.mark.parametrize("best", [0.98, -0.98])
def test_the_interval_of_a_metric_with_limits_stays_within_them(registry: Registry, best: float) -> None:
    numbers = [best] * 9 + [0.0]
    free = row(numbers).own["m"]
    assert max(abs(free.low), abs(free.high)) > 1
    board = Board()
    record = board.cell("none", "plain", hits="1" * 10, metrics={"own": {"margin": sum(numbers) / 10}},
                        errors={"own": {"margin": numbers}})  # fmt: skip
    asked = {**record.settings, "metrics": [config(registry, registry.resolve("metrics", "margin"))]}
    board.records[record.key] = record.model_copy(update={"settings": asked})
    standings = board.standings()
    own = standings.blocks[0].rows[0].own["margin"]
    assert (own.estimate, own.low, own.high) == (free.estimate, max(free.low, -1.0), min(free.high, 1.0))
    assert set(frame(standings)["margin_low"]) == {own.low}
