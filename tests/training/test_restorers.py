"""Fitting a restorer."""

import pytest
import torch
from torch import nn

from blurbench.contract import Degraded, ImageSet, Recipe
from blurbench.errors import NotFinite
from blurbench.training import fit_restorer
from tests.training.conftest import mse_job


def test_a_loss_that_is_not_a_number_ends_the_fit(digits):
    runaway = Recipe(20, 100.0, optimizer="sgd", schedule="constant")
    with pytest.raises(NotFinite, match="training loss is"):
        fit_restorer(
            nn.Conv2d(1, 1, 3, padding=1), mse_job(digits, lambda images, epoch: Degraded(images.images, None)), runaway
        )


def test_a_restorer_learns_to_undo_what_it_is_shown(digits):
    class Gain(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.gain = nn.Parameter(torch.ones(()))

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return self.gain * images

    module = Gain()
    darker = mse_job(digits, lambda images, epoch: Degraded(images.images / 2, None))
    notes = fit_restorer(module, darker, Recipe(60, 0.1))
    assert module.gain.item() == pytest.approx(2, abs=0.02)
    assert notes["validation_loss"][-1] < 1e-3 < notes["validation_loss"][0]


def test_a_restorer_s_training_images_are_changed_before_they_are_blurred_and_are_the_target(digits):
    seen = []

    def blur(images: ImageSet, epoch: int) -> Degraded:
        seen.append((images, epoch))
        return Degraded(images.images, None)

    def invert(images: torch.Tensor, batches, generator: torch.Generator) -> torch.Tensor:
        assert sorted(torch.cat(list(batches)).tolist()) == list(range(len(images)))
        return 1 - images

    module = nn.Conv2d(1, 1, 1)
    nn.init.ones_(module.weight)
    nn.init.zeros_(module.bias)
    notes = fit_restorer(module, mse_job(digits, blur), Recipe(2, 0.0, schedule="constant"), invert)
    train, validation = seen[0], seen[1]
    assert torch.equal(train[0].images, 1 - digits.images)
    assert torch.equal(train[0].ids, digits.ids)
    assert validation[0] is digits
    assert [epoch for _, epoch in seen] == [0, 0, 1, 1, 1]  # what is kept is validated again
    assert notes["train_loss"] == [0.0, 0.0]
