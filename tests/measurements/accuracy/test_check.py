"""A classifier's result against the data set that is here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from blurbench.errors import RecordError
from blurbench.measurements.accuracy.check import check
from blurbench.measurements.accuracy.result import AccuracyResult
from blurbench.registry import Registry
from blurbench.store.record import Record
from blurbench.store.store import Store
from blurbench.submissions.installation import Installation


@pytest.fixture
def installation(registry: Registry, smoked: Path) -> Installation:
    return Installation(registry, Store(smoked), ())


@pytest.fixture
def record(smoked: Path) -> Record:
    """Of a cell under a Gaussian."""
    store = Store(smoked)
    board = store.records.board("smoke.v1.quick")
    assert board is not None
    found = store.records.get(next(line.key for line in board.lines if line["test_blur"] == "gaussian-2"))
    assert found is not None
    return found


def changed(record: Record, part: str | None = None, **values: Any) -> AccuracyResult:
    result = record.accuracy
    if part is None:
        return result.model_copy(update=values)
    return result.model_copy(update={part: getattr(result, part).model_copy(update=values)})


def test_what_was_measured_here_is_believed(record: Record, installation: Installation) -> None:
    check(record.accuracy, record, installation)


@pytest.mark.parametrize(
    ("part", "values", "says"),
    [
        (None, {"photographed": True}, "photographed: True, but its test blur says False"),
        (None, {"image_shape": [3, 28, 28]}, r"image_shape: \[3, 28, 28\], but digits has \[1, 16, 16\]"),
        (None, {"test_blur_units": {"sigma": "degrees"}}, "test_blur_units: not those of its test blur"),
        ("images", {"label": [0] * 100}, "images.label: not the test labels of digits"),
        ("images", {"predicted": [10] * 100}, "images.predicted: 10 is no class of digits"),
        ("images", {"confidence": [0.09] * 100}, "the likeliest of 10 classes has at least 1/10"),
        ("metrics", {"own": {"margin": 0.1}}, "metrics.own: margin was not asked for"),
        ("cost", {"parameters": 5}, "cost.parameters: 5, but its classifier has "),
    ],
)
def test_what_the_data_set_or_the_network_contradicts_is_refused(
    record: Record, installation: Installation, part: str | None, values: dict[str, Any], says: str
) -> None:
    with pytest.raises(RecordError, match=says):
        check(changed(record, part, **values), record, installation)
