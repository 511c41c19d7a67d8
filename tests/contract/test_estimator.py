"""An estimator that only reads whole images reads maps window by window."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import torch

from blurbench.contract import Budget, Estimator
from blurbench.errors import PluginError


@dataclass(frozen=True)
class Mean(Estimator):
    """The mean of an image."""

    window: int = 3

    def estimate(self, images: torch.Tensor, module: torch.nn.Module | None = None) -> torch.Tensor:
        return images.mean((1, 2, 3))


class Whole(Mean):
    """One number for all."""

    def estimate(self, images: torch.Tensor, module: torch.nn.Module | None = None) -> torch.Tensor:
        return images.mean()


def test_a_map_holds_the_reading_of_each_window() -> None:
    images = torch.rand(2, 1, 7, 8)
    found = Mean().sigma_map(images, stride=2)
    assert found.shape == (2, 3, 3)
    torch.testing.assert_close(found[1, 2, 1], images[1, 0, 4:7, 2:5].mean())


def test_readings_that_are_not_one_a_window_are_refused() -> None:
    with pytest.raises(PluginError, match="estimator Whole gave sigma of the shape"):
        Whole().sigma_map(torch.rand(1, 1, 4, 4))


def test_one_that_says_nothing_of_itself_answers_anything_and_is_fitted_as_itself() -> None:
    estimator = Mean()
    assert (estimator.limits, estimator.answers, estimator.constant()) == ((0.0, float("inf")), None, None)
    assert estimator.fitted_as() is estimator
    assert estimator.recipe(Budget("quick", epochs=4)).epochs == 4
