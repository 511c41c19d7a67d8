"""How much data and training a fit gets."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Annotated, Any, Literal, TypeAlias

from blurbench.parameters import Count, Limits

__all__ = ["Augmentation", "Budget", "Recipe"]

Augmentation: TypeAlias = Literal["none", "flip-crop", "augmix"]
"""How a classifier's training images are varied, afresh in each epoch, after they were blurred or restored.

`flip-crop`: mirrored or not, and moved by up to an eighth of a side, black beyond the border. `augmix`: AugMix
(Hendrycks et al. 2020) without its consistency loss.
"""


@dataclass(frozen=True)
class Recipe:
    """How a network is fitted. `learning_rate` is the peak for `one-cycle` and the constant value otherwise."""

    epochs: Annotated[int, Count(1)]
    learning_rate: Annotated[float, Limits(0, 100)] = 1e-3
    batch_size: Annotated[int, Count(1)] = 64
    optimizer: Literal["adam", "sgd", "adamw", "adagrad"] = "adam"
    schedule: Literal["one-cycle", "constant"] = "one-cycle"
    weight_decay: Annotated[float, Limits(0, 1)] = 0.0
    patience: Annotated[int, Count(1)] | None = None
    """Epochs without a better validation loss after which fitting stops and the best state is kept; None: run all."""
    augment: Augmentation = "none"
    """Of classifiers alone; restorers have parameters of their own."""


@dataclass(frozen=True)
class Budget:
    """How much data and training a run gets. Everything but the name and the time limit is part of every key."""

    name: str
    train_images: Annotated[int, Count(1)] | None = None
    validation_images: Annotated[int, Count(1)] | None = None
    test_images: Annotated[int, Count(1)] | None = None
    epochs: Annotated[int, Count(1)] = 6
    finetune_epochs: Annotated[int, Count(1)] = 3
    restorer_epochs: Annotated[int, Count(1)] = 8
    recipes: Literal["fast", "paper"] = "fast"
    """`fast`: one-cycle Adam over the epochs above; `paper`: each plugin's own published recipe."""
    augment: Augmentation = "none"
    """For every classifier whose own recipe says nothing about it."""
    minutes_per_job: Annotated[float, Limits(0.001, 10_000)] = 10.0

    def key(self) -> dict[str, Any]:
        """The part that can change results."""
        return {
            item.name: getattr(self, item.name) for item in fields(self) if item.name not in ("name", "minutes_per_job")
        }
