"""Records are believed only when they are consistent."""

from __future__ import annotations

import json
from typing import Any

import pytest

from blurbench.errors import RecordError
from blurbench.results.record import Record, read

PART = {"name": "x", "label": "x", "spec": {}}


def content(**changes: Any) -> str:
    record = {
        "key": "ab" * 16,
        "status": "ok",
        **dict.fromkeys(("dataset", "classifier", "strategy", "train_blur", "test_blur"), PART),
        "budget": {},
        "seed": 0,
        "knows": "nothing",
        "exposure": "clean",
        "metrics": {"n": 4, "top1": 0.75, "calibration_error": 0.1},
        "images": {"label": [0, 1, 2, 3], "predicted": [0, 1, 2, 2], "confidence": [1, 0.5, 0.5, 0.5]},
        "cost": {
            "fit_seconds": 1,
            "fit_images_seen": 1,
            "parameters": 1,
            "evaluate_seconds": 1,
            "timing": "cd" * 16,
        },
    }
    return json.dumps({**record, **changes})


def test_a_consistent_record_is_read_and_written_without_loss() -> None:
    record = read(Record, content(), "x.json")
    assert read(Record, record.model_dump_json(exclude_defaults=True), "x.json") == record


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"metrics": {"n": 4, "top1": 0.9, "calibration_error": 0.1}}, "the predictions give 0.75"),
        ({"metrics": {"n": 5, "top1": 0.75, "calibration_error": 0.1}}, "n entries each"),
        ({"metrics": {"n": 4, "top1": 1.5, "calibration_error": 0.1}}, "metrics.top1"),
        ({"metrics": None}, "needs metrics"),
        ({"status": "failed"}, "needs a reason"),
        ({"status": "great"}, "status"),
        ({"key": "../../etc/passwd"}, "key"),
        ({"surprise": 1}, "surprise"),
        ({"seed": -1}, "seed"),
        ({"reason": "x" * 401}, "reason"),
        ({"schema_version": 2}, "schema_version"),
    ],
)
def test_an_inconsistent_record_is_refused_in_one_line_that_names_the_file(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(RecordError) as caught:
        read(Record, content(**changes), "x.json")
    assert str(caught.value).startswith("x.json: ")
    assert says in str(caught.value)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "NaN", '{"key": NaN}', "[" * 100_000])
def test_what_is_no_record_at_all_is_refused(text: str) -> None:
    with pytest.raises(RecordError):
        read(Record, text, "x.json")


def test_a_failed_record_needs_only_its_reason() -> None:
    bare = {"metrics": None, "images": None, "cost": None, "knows": None, "exposure": None}
    assert read(Record, content(status="failed", reason="no luck", **bare), "x.json").reason == "no luck"
