"""Errors of single images beside their means."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from blurbench.measurements.accuracy.result import AccuracyResult, Cost, Images, Metrics


def result(each: list[float], mean: float) -> AccuracyResult:
    return AccuracyResult(
        measure="accuracy",
        image_shape=[1, 2, 2],
        metrics=Metrics(n=2, top1=1.0, calibration_error=0.0, restored_mse=mean),
        images=Images(label=[1, 2], predicted=[1, 2], confidence=[1.0, 1.0], restored_mse=each),
        cost=Cost(fit_seconds=0, fit_images_seen=0, parameters=0, evaluate_seconds=0, timing="ab" * 16),
    )


def test_errors_of_images_that_give_the_mean_are_kept() -> None:
    assert result([0.01, 0.03], 0.02).images.restored_mse == [0.01, 0.03]


def test_a_mean_that_the_images_do_not_give_is_refused() -> None:
    with pytest.raises(ValidationError, match=r"but the images give 0\.020000"):
        result([0.01, 0.03], 0.01)


def test_an_image_without_an_error_is_refused() -> None:
    with pytest.raises(ValidationError, match="restored_mse must have n entries"):
        result([0.02], 0.02)


def answered(right: int, of: int = 100) -> AccuracyResult:
    """So many images right, the last ones wrong."""
    return AccuracyResult(
        measure="accuracy",
        image_shape=[1, 2, 2],
        metrics=Metrics(n=of, top1=right / of, calibration_error=0.0),
        images=Images(label=[1] * of, predicted=[1] * right + [2] * (of - right), confidence=[1.0] * of),
        cost=Cost(fit_seconds=0, fit_images_seen=0, parameters=0, evaluate_seconds=0, timing="ab" * 16),
    )


@pytest.mark.parametrize(
    ("again", "same", "told"), [(72, True, "+2.0% ["), (95, False, "+25.0% ["), (45, False, "-25.0% [")]
)
def test_a_fit_done_again_is_told_by_how_much_it_is_better_or_worse(again: int, same: bool, told: str) -> None:
    could = "cannot" if same else "can"
    found, said = answered(70).refitted(answered(again))
    assert found == same
    assert said.startswith(f"one seed is stored, so images only: {told}")
    assert said.endswith(f"which {could} be told from 0")
