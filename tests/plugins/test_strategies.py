"""The strategies: what is fitted on what, what is left alone, and what they say about themselves."""

from __future__ import annotations

import pytest
from blurbench_strategies.first_n import FirstN
from blurbench_strategies.plain import Plain
from blurbench_strategies.retrain import Retrain

from blurbench.contract import (
    Strategy,
)
from tests.plugins.strategies.fits import (
    BLUR,
    blurring,
    fitted,
    parts,
    setting,
)


@pytest.mark.parametrize(
    ("strategy", "blurred"),
    [(Plain(), False), (Retrain(), True), (FirstN(1), True), (FirstN(1, on="clean"), False)],
    ids=["plain", "retrain", "first-n", "first-n on clean"],
)
def test_a_fit_is_validated_on_the_validation_images_as_it_meets_the_training_images(
    strategy: Strategy, blurred: bool
) -> None:
    found, (_, validation, _) = fitted(setting(strategy)), parts()
    assert found.module is not None
    images = blurring(BLUR)(validation, 0).images if blurred else validation.images
    right = found.module(images).argmax(1) == validation.labels
    assert found.notes["final_accuracy"] == pytest.approx(right.float().mean().item())
