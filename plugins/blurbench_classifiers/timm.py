"""Any of timm's classification networks, fitted from scratch or onwards from its weights.

Colours are standardised inside by the mean and deviation that timm states for the network; grey images become RGB. For
the strategy `patch-mask`, name a vision transformer inside `masked-patches`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

from blurbench import hookimpl
from blurbench.contract import Budget, Classifier, Pixels, Recipe, Shape
from blurbench.errors import Skip, Unavailable, UsageError
from blurbench_classifiers.published import Published, check_channels, check_timm_model

if TYPE_CHECKING:
    from torch import nn

    from blurbench_classifiers.networks.adapted import Adapted

LEAST = 32
"""Pixels: what most networks reduce to one position."""


@dataclass(frozen=True)
class Timm(Published):
    """Any of timm's classification networks: `timm[model=resnet18]`, `timm[model=..., pretrained=true]`."""

    model: str
    """The name in timm.list_models(), with or without the tag of its weights (resnet50.a1_in1k)."""
    pretrained: bool = False
    """Start from timm's weights, with `retrain` too; the last layer is new where the classes are not as many."""
    side: Annotated[int, Pixels(1, 1024)] | None = None
    """Images with a shorter side are enlarged to it; default: 32, or what timm states as the least. Networks of one
    fixed size get images of that size, whatever they are."""

    def has_weights(self, classes: int) -> bool:
        """Only of as many classes as they were fitted to: else the last layer is new."""
        from timm.models import get_pretrained_cfg

        check_timm_model(self.model)
        about = get_pretrained_cfg(self.model)
        return self.pretrained and about is not None and bool(about.num_classes == classes)

    def build(self, shape: Shape, classes: int) -> nn.Module:
        """Raises UnknownName for the model, Unavailable for weights that are not here, Skip where it does not fit."""
        from blurbench_classifiers.networks.adapted import Adapted, network_channels_last

        check_channels(shape)
        check_timm_model(self.model)
        network = self._network(classes)
        about: dict[str, Any] = cast("Any", network).pretrained_cfg
        exact = bool(about.get("fixed_input_size"))
        if exact and self.side:
            raise UsageError(f"{self.model} takes images of {about['input_size'][-1]} pixels only: leave out side")
        least = about["input_size"][-1] if exact else max(about.get("min_input_size") or (LEAST,))
        adapted = Adapted(network_channels_last(network), self.side or least, exact, about["mean"], about["std"])
        self._try(adapted, shape)
        return adapted

    def _network(self, classes: int) -> nn.Module:
        import timm

        try:
            network: nn.Module = timm.create_model(self.model, pretrained=self.pretrained, num_classes=classes)
        except (OSError, RuntimeError) as error:
            if not self.pretrained:
                raise
            reason = " ".join(str(error).split())
            raise Unavailable(
                f"timm's weights of {self.model} are not here and could not be downloaded ({reason}); "
                "copy them into the Hugging Face cache (HF_HOME) from a machine that has them"
            ) from None
        return network

    def _try(self, adapted: Adapted, shape: Shape) -> None:
        """Raise Skip where images of `shape` are too small: timm does not say what the least size is."""
        import torch

        weight = next(adapted.parameters())
        try:
            with torch.inference_mode():
                adapted.eval()(weight.new_zeros(1, shape.channels, shape.height, shape.width))
        except RuntimeError:
            raise Skip(f"{self.model} does not work on images of {shape}; a larger side= may help") from None

    def recipe(self, purpose: Literal["train", "finetune"], budget: Budget) -> Recipe:
        onwards = purpose == "finetune" or self.pretrained
        epochs = budget.epochs if purpose == "train" else budget.finetune_epochs
        return Recipe(epochs, 3e-4 if onwards else 1e-3, optimizer="adamw", weight_decay=0.05)


@hookimpl
def register_classifiers(register: Callable[[str, type[Classifier]], None]) -> None:
    register("timm", Timm)
