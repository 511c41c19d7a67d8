"""A whole fit the way blurbench does it, and the way it is mostly done today: images as PIL objects, blurred and
converted one by one in a `DataLoader`, `nn.Conv2d` layers. The same network, number of images and epochs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks.timing.machine import Bystanders
from benchmarks.timing.networks import CLASSES, SHAPE
from benchmarks.timing.plain_layers import with_torch_layers
from benchmarks.timing.results import OURS, Group, row_of
from benchmarks.timing.rounds import Patience, take_turns
from blurbench.contract import Budget, Classifier, Degraded, GaussianPsf, ImageSet, Recipe, Restorer
from blurbench.imaging.convolution import convolve
from blurbench.training import fit_classifier, fit_restorer

__all__ = ["SECTION", "classifier_fit", "restorer_fit"]

SECTION = "fitting"

PEER = "DataLoader and PIL"

SIGMA, TAPS = (0.5, 3.0), 9

NOTHING = Budget(name="")


def classifier_fit(
    name: str, classifier: Classifier, images: int, batch: int, device: torch.device, patience: Patience
) -> Group:
    """Fit on images that are blurred afresh in each epoch, a Gaussian of its own for each."""
    recipe = Recipe(epochs=1, batch_size=batch)
    data = _images(images)

    def ours() -> object:
        module = classifier.build(SHAPE, CLASSES).to(device)
        train = _on_device(data, device)
        return fit_classifier(module, lambda epoch: _blurred(train.images, epoch), train.labels, recipe, seed=0)

    def theirs() -> object:
        module = classifier.build(SHAPE, CLASSES).to(device)
        return _as_today(module, _loader(data, batch, pairs=False), F.cross_entropy, recipe, device)

    return _group(f"{name}, 1 epoch", images, ours, theirs, device, patience)


def restorer_fit(
    name: str, restorer: Restorer, images: int, batch: int, device: torch.device, patience: Patience
) -> Group:
    """Fit to the mean squared error, blurred afresh in each epoch."""
    recipe = Recipe(epochs=1, batch_size=batch)
    data = _images(images)

    def built() -> nn.Module:
        module = restorer.build(SHAPE)
        assert module is not None
        return module.to(device)

    def ours() -> object:
        from blurbench.contract import RestorerJob

        train = _on_device(data, device)
        nobody = ImageSet(train.images[:0], train.labels[:0], train.ids[:0])

        def blur(part: ImageSet, epoch: int) -> Degraded:
            return Degraded(_blurred(part.images, epoch), None)

        return fit_restorer(built(), RestorerJob(train, nobody, blur, NOTHING, 0), recipe)

    def theirs() -> object:
        return _as_today(built(), _loader(data, batch, pairs=True), F.mse_loss, recipe, device)

    return _group(f"{name}, 1 epoch", images, ours, theirs, device, patience)


def _group(
    what: str,
    images: int,
    ours: Callable[[], object],
    theirs: Callable[[], object],
    device: torch.device,
    patience: Patience,
) -> Group:
    bystanders = Bystanders()
    spent = take_turns([ours, with_torch_layers(theirs)], device, patience)
    rows = tuple(row_of(name, seconds) for name, seconds in zip((OURS, PEER), spent, strict=True))
    return Group(SECTION, what, f"{images}x{SHAPE}", images, rows, others=bystanders.cores() or 0.0)


# --- blurbench's way -----------------------------------------------------------------------------------------------


def _images(count: int) -> tuple[Tensor, Tensor]:
    """Images uint8 (N, 1, H, W) and labels (N,), as a data set has them."""
    generator = torch.Generator().manual_seed(0)
    shape = (count, SHAPE.channels, SHAPE.height, SHAPE.width)
    images = torch.randint(0, 256, shape, generator=generator, dtype=torch.uint8)
    return images, torch.randint(0, CLASSES, (count,), generator=generator)


def _on_device(data: tuple[Tensor, Tensor], device: torch.device) -> ImageSet:
    images, labels = data
    return ImageSet(images.to(device).float().div_(255), labels.to(device), torch.arange(len(labels)))


def _blurred(images: Tensor, epoch: int) -> Tensor:
    generator = torch.Generator().manual_seed(epoch)
    low, high = SIGMA
    sigma = low + (high - low) * torch.rand(len(images), generator=generator, dtype=torch.float64)
    return convolve(images, GaussianPsf(sigma.to(images.device), TAPS))


# --- today's way ---------------------------------------------------------------------------------------------------


class _Pictures(torch.utils.data.Dataset[Any]):
    """PIL images, transformed one at a time when they are asked for."""

    def __init__(self, data: tuple[Tensor, Tensor], pairs: bool) -> None:
        from PIL import Image
        from torchvision import transforms

        images, labels = data
        self.pictures = [Image.fromarray(image[0].numpy()) for image in images]
        self.labels, self.pairs = labels, pairs
        self.blur = transforms.GaussianBlur(TAPS, SIGMA)
        self.tensor = transforms.ToTensor()

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, number: int) -> tuple[Tensor, Tensor]:
        picture = self.pictures[number]
        blurred = self.tensor(self.blur(picture))
        return blurred, self.tensor(picture) if self.pairs else self.labels[number]


def _loader(data: tuple[Tensor, Tensor], batch: int, pairs: bool) -> torch.utils.data.DataLoader[Any]:
    generator = torch.Generator().manual_seed(0)
    return torch.utils.data.DataLoader(_Pictures(data, pairs), batch, shuffle=True, generator=generator)


def _as_today(
    module: nn.Module,
    loader: torch.utils.data.DataLoader[Any],
    error: Callable[[Tensor, Tensor], Tensor],
    recipe: Recipe,
    device: torch.device,
) -> float:
    """The loop of every tutorial: its last loss."""
    optimiser = torch.optim.Adam(module.parameters(), lr=recipe.learning_rate)
    steps = recipe.epochs * len(loader)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, recipe.learning_rate, total_steps=max(steps, 2))
    loss = torch.zeros(())
    for _ in range(recipe.epochs):
        module.train()
        for inputs, targets in loader:
            optimiser.zero_grad()
            loss = error(module(inputs.to(device)), targets.to(device))
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
    return loss.item()
