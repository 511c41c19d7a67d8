"""An estimator's result against the plugins and pictures that are here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from blurbench.errors import RecordError
from blurbench.measurements.blur_estimation.check import check
from blurbench.measurements.blur_estimation.result import EstimationResult
from blurbench.registry import Registry
from blurbench.store.record import Record
from blurbench.store.store import Store
from blurbench.submissions.installation import Installation


@pytest.fixture
def installation(registry: Registry, estimated: Path) -> Installation:
    return Installation(registry, Store(estimated), ())


@pytest.fixture
def record(estimated: Path) -> Record:
    """What the constant read off pictures under one sigma."""
    store = Store(estimated)
    board = store.records.board("kernel-estimation.v1.quick")
    assert board is not None
    lines = [line for line in board.lines if (line["estimator"], line["test_blur"][:5]) == ("constant", "gauss")]
    found = store.records.get(lines[0].key)
    assert found is not None
    return found


def changed(record: Record, **measured: Any) -> EstimationResult:
    assert isinstance(record.result, EstimationResult)
    return record.result.model_copy(update={"measured": record.result.measured.model_copy(update=measured)})


def test_what_was_read_here_is_believed(record: Record, installation: Installation) -> None:
    check(changed(record), record, installation)


@pytest.mark.parametrize(
    ("measured", "says"),
    [
        ({"pictures": 3}, "measured.pictures: 3, but .* has 2 here"),
        ({"stride": 5}, "measured.stride: 5, neither the suite's nor a whole window of "),
        ({"readings": 12}, "measured.readings: 12, but 2 pictures of .* pixels have "),
        ({"accuracy": None}, "measured.accuracy: None, of an estimator that answers certain values alone"),
        ({"oracle_mse": 50.0}, "measured.raw: an mse of .*, below 50 of the best answers"),
        ({"mean_answer_mse": 0.5}, "measured.mean_answer_mse: 0.5, but under one sigma of 2 it is 0"),
    ],
)
def test_what_the_pictures_or_the_estimator_contradict_is_refused(
    record: Record, installation: Installation, measured: dict[str, Any], says: str
) -> None:
    with pytest.raises(RecordError, match=says):
        check(changed(record, **measured), record, installation)
