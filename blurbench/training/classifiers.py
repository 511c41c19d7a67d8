"""Fitting a classifier: cross-entropy."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, Literal

from torch import Tensor, nn
from torch.nn import functional as F

from blurbench.contract import FitJob, ImageSet, Recipe, Setting
from blurbench.training.augmentation import augmented
from blurbench.training.forward import forward
from blurbench.training.loop import Loss, minimise

__all__ = ["fit_classifier", "fit_from_scratch", "recipe_for"]


def fit_classifier(
    module: nn.Module,
    inputs: Callable[[int], Tensor],
    labels: Tensor,
    recipe: Recipe,
    seed: int,
    validation: tuple[Callable[[int], Tensor] | Tensor, Tensor] | None = None,
    trainable: Iterable[nn.Parameter] | None = None,
    loss: Loss = F.cross_entropy,
    targets: Callable[[int], Tensor] | None = None,
) -> dict[str, Any]:
    """Fit `module` in place to `labels` (N,); `inputs(epoch)` gives the images (N, C, H, W) of a whole epoch, which are
    varied as `recipe.augment` says.

    `validation` (images or images by epoch, labels) is scored after each epoch; with `recipe.patience` the state of the
    lowest validation loss is kept. `trainable`: the parameters that learn, default all. `loss` is minimised, of logits
    and `targets(epoch)`, default the labels; validation scores cross-entropy, whatever is minimised. Returns JSON
    notes: epochs, steps, images_seen and, epoch by epoch, train_loss, validation_loss and validation_accuracy.
    """

    def validate(epoch: int) -> dict[str, float]:
        assert validation is not None
        images, truth = validation
        logits = forward(module, images(epoch) if callable(images) else images)
        accuracy = (logits.argmax(1) == truth).float().mean()
        return {"loss": F.cross_entropy(logits, truth).item(), "accuracy": accuracy.item()}

    return minimise(
        module,
        loss,
        len(labels),
        lambda epoch, batches: (augmented(inputs(epoch), recipe, seed, epoch), targets(epoch) if targets else labels),
        validate if validation else None,
        recipe,
        seed,
        trainable,
    )


def fit_from_scratch(
    module: nn.Module,
    job: FitJob,
    seen: Callable[[ImageSet, int], Tensor],
    loss: Loss = F.cross_entropy,
    targets: Callable[[int], Tensor] | None = None,
) -> dict[str, Any]:
    """Fit a new network of the setting's classifier on the images `seen(image_set, epoch)`, same order and labels.

    Input statistics come from the clean training images, whatever is seen. `loss` and `targets` as in `fit_classifier`,
    whose notes it returns.
    """
    setting = job.setting
    setting.classifier.prepare(module, job.train.images)
    return fit_classifier(
        module,
        lambda epoch: seen(job.train, epoch),
        job.train.labels,
        recipe_for(setting, "train"),
        setting.seed,
        (lambda epoch: seen(job.validation, epoch), job.validation.labels),
        loss=loss,
        targets=targets,
    )


def recipe_for(setting: Setting, purpose: Literal["train", "finetune"]) -> Recipe:
    """The classifier's recipe, with the budget's augmentation where it names none itself."""
    recipe = setting.classifier.recipe(purpose, setting.budget)
    return recipe if recipe.augment != "none" else replace(recipe, augment=setting.budget.augment)
