"""Fitting leaves the device alone: nothing inside an epoch waits for a number."""

import pytest
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from blurbench.contract import Budget, Degraded, ImageSet, Recipe, RestorerJob
from blurbench.training import fit_classifier, fit_restorer


class NumbersAskedFor(TorchDispatchMode):
    """Counts the times that a tensor's value goes to Python, for which a GPU would have to finish first."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, function, types, arguments=(), named=None):
        self.count += function is torch.ops.aten._local_scalar_dense.default
        return function(*arguments, **(named or {}))


def images(count: int) -> ImageSet:
    generator = torch.Generator().manual_seed(0)
    return ImageSet(torch.rand(count, 1, 6, 6, generator=generator), torch.arange(count) % 3, torch.arange(count))


def asked_for(fit, recipe: Recipe) -> int:
    with NumbersAskedFor() as asked:
        fit(recipe)
    return asked.count


def fit_a_classifier(recipe: Recipe) -> None:
    part = images(48)
    module = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(32, 3))
    fit_classifier(module, lambda epoch: part.images, part.labels, recipe, 0, (part.images, part.labels))


def fit_a_restorer(recipe: Recipe) -> None:
    part = images(48)

    def blur(these: ImageSet, epoch: int) -> Degraded:
        return Degraded(these.images, None)

    fit_restorer(nn.Conv2d(1, 1, 3, padding=1), RestorerJob(part, part, blur, Budget(""), 0), recipe)


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd"])
@pytest.mark.parametrize("fit", [fit_a_classifier, fit_a_restorer])
def test_twelve_times_as_many_steps_ask_for_no_more_numbers(fit, optimizer):
    one, many = (Recipe(epochs=2, batch_size=size, optimizer=optimizer) for size in (48, 4))
    assert (
        asked_for(fit, many) == asked_for(fit, one) <= 2 * 3 + 2
    )  # an epoch: its loss, the validation loss and accuracy
