"""What no estimator can have read is refused, whoever wrote it."""

from __future__ import annotations

from typing import Any

import pytest

from blurbench.measurements.blur_estimation.result import Errors
from blurbench.measurements.blur_estimation.sanity import sanity_check
from blurbench.store.record import Line
from tests.builders import estimated

LINE = Line(key="ab" * 16, seed=0, labels={"estimator": "constant", "dataset": "text", "test_blur": "ramp"})


def check(**measured: Any) -> None:
    """Of two pictures with an error of one squared pixel each."""
    record = estimated(LINE, [1.0, 1.0], **measured)
    assert record.result is not None
    sanity_check(record.result, record)  # type: ignore[arg-type]


def test_what_was_read_is_believed() -> None:
    check()
    check(flat_share=0.5, flat_bias=0.5, flat_biases=[0.5], textured_mse=1.5, accuracy=0.25)


@pytest.mark.parametrize(
    ("measured", "says"),
    [
        ({"oracle_mse": 10_001.0}, "oracle_mse: 10001 is not in 0..10000"),
        ({"readings": 199}, "readings: 199 of 2 pictures of one size"),
        ({"smoothing": 6}, "smoothing: 6 readings, not an odd number"),
        ({"accuracy": 0.1234}, "accuracy: no share of 200 readings"),
        ({"flat_share": 0.5}, "flat_bias: of a share of 0.5 of flat windows"),
        ({"textured_mse": None}, "textured_mse: with a share of 0 of flat windows"),
        ({"flat_share": 0.5, "flat_bias": 0.5, "flat_biases": [0.1]}, "flat_bias: 0.5 is not among those of the"),
        ({"textured_mse": 1.1}, "textured_mse: 1.1 cannot be with an mse of 1 over all windows"),
    ],
)
def test_figures_that_contradict_each_other_are_refused(measured: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        check(**measured)


@pytest.mark.parametrize(
    ("errors", "says"),
    [
        (
            {"mse": 1.0, "rmse": 1.0, "bias": 1.01, "per_picture": [1.0, 1.0]},
            "a bias of 1.01 cannot be with an rmse of 1",
        ),
        ({"mse": 1.0, "rmse": 1.0, "bias": -1.01, "per_picture": [1.0, 1.0]}, "a bias of -1.01 cannot be with"),
        ({"mse": 1.0, "rmse": 1.0, "bias": 0.0, "per_picture": [-1.0, 3.0]}, "an error below 0"),
        (
            {"mse": 1e6, "rmse": 1e3, "bias": 0.0, "per_picture": [1e6, 1e6]},
            "an rmse of 1000 pixels, at most 100 can be",
        ),
    ],
)
def test_errors_that_cannot_be_are_refused(errors: dict[str, Any], says: str) -> None:
    record = estimated(LINE, [1.0, 1.0])
    result = record.estimation
    odd = result.model_copy(update={"measured": result.measured.model_copy(update={"smoothed": Errors(**errors)})})
    with pytest.raises(ValueError, match=f"measured.smoothed: {says}"):
        sanity_check(odd, record)  # type: ignore[arg-type]


def test_nothing_that_was_not_fitted_has_seeds() -> None:
    record = estimated(LINE.model_copy(update={"seed": 3}), [1.0])
    with pytest.raises(ValueError, match="seed: 3, but nothing was fitted"):
        sanity_check(record.result, record)  # type: ignore[arg-type]
