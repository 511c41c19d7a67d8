"""The loop: minimise the mean loss over epochs of tensors that already lie on the device."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn

from blurbench.contract import Recipe
from blurbench.errors import NotFinite, Skip
from blurbench.training.optimisation import optimiser_of, schedule_of
from blurbench.training.seeding import derived_seed, seed_torch

__all__ = ["Batches", "Loss", "minimise"]

Loss: TypeAlias = Callable[[Tensor, Tensor], Tensor]
"""Outputs and targets of a batch to their mean loss."""

Batches: TypeAlias = Sequence[Tensor]
"""The images of each batch of an epoch, by position."""

_IMPROVED = 0.99
"""One cycle ends in steps so small that losses creep on: less than 1% an epoch is no improvement worth more epochs."""


def minimise(
    module: nn.Module,
    loss: Loss,
    images: int,
    train: Callable[[int, Batches], tuple[Tensor, Tensor]],
    validate: Callable[[int], dict[str, float]] | None,
    recipe: Recipe,
    seed: int,
    trainable: Iterable[nn.Parameter] | None = None,
) -> dict[str, Any]:
    """Fit `module` in place and leave it in eval mode; the same seed gives the same weights, bit by bit.

    `train(epoch, batches)` gives the inputs and targets of all `images` images, in the order that `batches` counts;
    `validate(epoch)` gives notes with the key "loss". Only `trainable` learns (default: every parameter that requires
    gradients): the rest is neither stepped nor decayed, and norms whose parameters do not learn keep their running
    statistics. Those of all other norms are taken anew at the end, as the mean over the batches of the last epoch, with
    the weights that are kept.
    Returns JSON notes; `final_...` is the validation of what is kept, and `still_improving` says whether the last epoch
    lowered the best validation loss by more than 1%. Raises NotFinite where the loss is no longer a number.
    """
    if not images:
        raise Skip("there are no training images, and this remedy is fitted")
    if recipe.patience is not None and validate is None:
        raise ValueError("a recipe with patience needs validation images")
    seed_torch(seed, "dropout")
    shuffling = torch.Generator().manual_seed(derived_seed(seed, "shuffling"))
    with _learning(module, trainable) as parameters:
        optimiser = optimiser_of(parameters, recipe)
        schedule = schedule_of(optimiser, recipe, recipe.epochs * _batch_count(images, recipe))
        progress = _Progress(recipe.patience)
        for epoch in range(recipe.epochs):
            batches = _shuffled(images, recipe, shuffling)
            inputs, targets = train(epoch, batches)
            _train_mode(module)
            total = torch.zeros((), device=inputs.device)
            for indices in _on_device(batches, inputs.device):
                optimiser.zero_grad()
                value = loss(module(inputs[indices]), targets[indices])
                value.backward()  # type: ignore[no-untyped-call]
                optimiser.step()
                schedule.step()
                total += value.detach() * len(indices)
            module.eval()
            progress.add(module, total.item() / images, len(batches), validate(epoch) if validate else None)
            if progress.hopeless:
                break
        progress.restore_best(module)
        _settle_norms(module, inputs, batches)
    final = {f"final_{name}": value for name, value in validate(epoch).items()} if validate else {}
    return {**progress.notes(), **final, "images_seen": len(progress.losses) * images}


# --- batches -------------------------------------------------------------------------------------------------------


def _batch_count(images: int, recipe: Recipe) -> int:
    return math.ceil(images / recipe.batch_size)


def _shuffled(images: int, recipe: Recipe, generator: torch.Generator) -> Batches:
    # Batches of nearly equal size, at most one image below the recipe's: no last batch of a single image, which has no
    # batch statistics. Drawn on the CPU, so that every device sees the same order.
    return torch.randperm(images, generator=generator).tensor_split(_batch_count(images, recipe))


def _on_device(batches: Batches, device: torch.device) -> Batches:
    # All at once: a copy from the CPU waits until the device has done everything asked of it before.
    return torch.split(torch.cat(list(batches)).to(device), [len(batch) for batch in batches])


# --- what learns ---------------------------------------------------------------------------------------------------


@contextmanager
def _learning(module: nn.Module, trainable: Iterable[nn.Parameter] | None) -> Iterator[list[nn.Parameter]]:
    """Gradients for `trainable` alone, so that none is computed in vain; every flag is as before afterwards."""
    before = [(parameter, parameter.requires_grad) for parameter in module.parameters()]
    chosen = [parameter for parameter, flag in before if flag] if trainable is None else list(trainable)
    module.requires_grad_(False)
    for parameter in chosen:
        parameter.requires_grad_(True)
    try:
        yield chosen
    finally:
        for parameter, flag in before:
            parameter.requires_grad_(flag)
            parameter.grad = None


def _train_mode(module: nn.Module) -> None:
    module.train()
    for layer, learns in _norms(module):
        if not learns:
            layer.eval()


def _norms(module: nn.Module) -> list[tuple[nn.Module, bool]]:
    """The norms with running statistics, and whether each learns: one without parameters always does."""
    norms = [layer for layer in module.modules() if getattr(layer, "track_running_stats", False)]
    return [(norm, _learns(list(norm.parameters(recurse=False)))) for norm in norms]


def _learns(parameters: list[nn.Parameter]) -> bool:
    return not parameters or any(parameter.requires_grad for parameter in parameters)


def _settle_norms(module: nn.Module, inputs: Tensor, batches: Batches) -> None:
    """Running statistics of the norms that learn: the mean over `batches` of what each would normalise them by.

    The moving average of a fit remembers weights long gone, and after a few steps still where it began: 0 and 1.
    Shuffled batches, as in training, since those of a sorted part would each vary too little; without dropout.
    """
    norms: list[Any] = [norm for norm, learns in _norms(module) if learns]
    if not norms:
        return
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.train()
    with torch.no_grad():
        for position, indices in enumerate(_on_device(batches, inputs.device)):
            for norm in norms:
                # A plain mean, which the first batch begins anew; torch's own, momentum None, waits for the device.
                norm.momentum = 1 / (position + 1)
            module(inputs[indices])
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
        norm.eval()


# --- progress ------------------------------------------------------------------------------------------------------


@dataclass
class _Progress:
    """Losses epoch by epoch and, where there is patience, the state with the lowest validation loss."""

    patience: int | None
    losses: list[float] = field(default_factory=list)
    validation: list[dict[str, float]] = field(default_factory=list)
    steps: int = 0
    best_epoch: int = 0
    best_state: dict[str, Tensor] = field(default_factory=dict)

    def add(self, module: nn.Module, loss: float, steps: int, validation: dict[str, float] | None) -> None:
        if not math.isfinite(loss):
            raise NotFinite(f"the training loss is {loss} in epoch {len(self.losses) + 1}")
        self.losses.append(loss)
        self.steps += steps
        if validation is None:
            return
        self.validation.append(validation)
        is_best = len(self.losses) == 1 or validation["loss"] < self.validation[self.best_epoch]["loss"]
        if is_best:
            self.best_epoch = len(self.losses) - 1
        if is_best and self.patience is not None:
            self.best_state = {name: value.clone() for name, value in module.state_dict().items()}

    @property
    def hopeless(self) -> bool:
        return self.patience is not None and len(self.losses) - 1 - self.best_epoch >= self.patience

    def restore_best(self, module: nn.Module) -> None:
        if self.best_state:
            module.load_state_dict(self.best_state)

    def notes(self) -> dict[str, Any]:
        notes: dict[str, Any] = {"epochs": len(self.losses), "steps": self.steps, "train_loss": self.losses}
        for name in self.validation[0] if self.validation else ():
            notes[f"validation_{name}"] = [values[name] for values in self.validation]
        if self.patience is not None:
            notes["best_epoch"] = self.best_epoch + 1
        if len(self.validation) > 1:
            *before, last = (values["loss"] for values in self.validation)
            notes["still_improving"] = last < _IMPROVED * min(before)
        return notes
