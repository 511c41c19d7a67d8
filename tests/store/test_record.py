"""Records are believed only when they are consistent."""

from __future__ import annotations

import json
from typing import Any

import pytest

from blurbench.errors import RecordError
from blurbench.store.record import Record, read

VALUE = {"name": "x", "label": "x", "config": {}}
AXES = ("dataset", "classifier", "strategy", "train_blur", "test_blur")
RESULT: dict[str, Any] = {
    "measure": "accuracy",
    "image_shape": [1, 2, 2],
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


def content(**changes: Any) -> str:
    record = {
        "key": "ab" * 16,
        "measure": "accuracy",
        "status": "ok",
        "axes": dict.fromkeys(AXES, VALUE),
        "budget": {},
        "seed": 0,
        "facts": {"knows": "nothing", "exposure": "clean"},
        "result": RESULT,
    }
    return json.dumps({**record, **changes})


def measured(**metrics: Any) -> dict[str, Any]:
    return {"result": {**RESULT, "metrics": {**RESULT["metrics"], **metrics}}}


def test_a_consistent_record_is_read_and_written_without_loss() -> None:
    record = read(Record, content(), "x.json")
    assert read(Record, record.model_dump_json(exclude_defaults=True), "x.json") == record


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (measured(top1=0.9), "the predictions give 0.75"),
        (measured(n=5), "n entries each"),
        (measured(top1=1.5), "metrics.top1"),
        ({"result": None}, "needs a result"),
        ({"measure": "blur-estimation"}, "holds a result of accuracy"),
        ({"result": {**RESULT, "measure": "beauty"}}, "result"),
        ({"status": "failed"}, "needs a reason"),
        ({"status": "great"}, "status"),
        ({"key": "../../etc/passwd"}, "key"),
        ({"surprise": 1}, "surprise"),
        ({"seed": -1}, "seed"),
        ({"reason": "x" * 401}, "reason"),
        ({"schema_version": 1}, "schema_version"),
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
    bare = {"result": None, "facts": {}}
    assert read(Record, content(status="failed", reason="no luck", **bare), "x.json").reason == "no luck"
