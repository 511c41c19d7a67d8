"""What cannot have been measured is refused, whoever wrote it."""

from __future__ import annotations

from typing import Any

import pytest

from blurbench.measurements.accuracy.result import AccuracyResult
from blurbench.measurements.accuracy.sanity import sanity_check
from tests.builders import Board

SHARP = {"blurred_mse": 0.01, "blurred_psnr": 21.0, "blurred_ssim": 0.9}


def result(**metrics: Any) -> AccuracyResult:
    """Three right answers of four, each sure to one half, which is off by a quarter."""
    board = Board()
    given = board.cell("gaussian-2", "plain", hits="1110", metrics={"blurred_mse": None, **metrics}).accuracy
    return given.model_copy(update={"metrics": given.metrics.model_copy(update={"calibration_error": 0.25})})


def changed(part: str, **values: Any) -> AccuracyResult:
    given = result()
    return given.model_copy(update={part: getattr(given, part).model_copy(update=values)})


def test_what_was_measured_is_believed() -> None:
    sanity_check(result(top5=1.0, log_loss=0.8, brier=0.6, **SHARP))


@pytest.mark.parametrize(
    ("metrics", "says"),
    [
        ({"top5": 0.7}, "top5 0.7 is below top1 0.75"),
        ({**SHARP, "blurred_psnr": None}, "of blurred_mse, _psnr and _ssim some are missing"),
        ({**SHARP, "blurred_mse": 1.5}, "blurred_mse 1.5 is not in 0..1"),
        ({**SHARP, "blurred_ssim": 1.1}, "blurred_ssim 1.1 is not in -1..1"),
        ({**SHARP, "blurred_psnr": 19.0}, "blurred_psnr 19 cannot be with blurred_mse 0.01"),
        ({"log_loss": 0.5}, "log_loss is 0.5000, but the confidences leave no less than 0.693"),
        ({"brier": 0.1}, "brier is 0.1000, but the confidences leave no less than 0.25"),
    ],
)
def test_metrics_that_contradict_each_other_are_refused(metrics: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        sanity_check(result(**metrics))


@pytest.mark.parametrize(
    ("part", "values", "says"),
    [
        ("metrics", {"calibration_error": 0.2}, "calibration_error is 0.2000, but the confidences give 0.2500"),
        ("images", {"restored_ssim": [0.0, 0.0, 0.0, -1.5]}, "a value of restored_ssim is not in -1..1"),
        ("cost", {"fit_seconds": 2e8}, "fit_seconds 2e.08 is more than three years"),
        ("cost", {"fit_images_seen": 10**9}, "1000000000 images seen in 10 s of fitting"),
        ("cost", {"evaluate_seconds": 1e-9}, "4 images evaluated in 1e-09 s"),
        ("cost", {"parameters": 10**14}, "100000000000000 parameters"),
        ("cost", {"macs": 0}, "no multiply-accumulates with 61700 parameters"),
        ("cost", {"fit_steps": 1001}, "1001 steps over 1000 images"),
        ("cost", {"fit_steps": 900, "fit_seconds": 0.001}, "900 steps in 0.001 s of fitting"),
    ],
)
def test_figures_that_nothing_reaches_are_refused(part: str, values: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        sanity_check(changed(part, **values))
