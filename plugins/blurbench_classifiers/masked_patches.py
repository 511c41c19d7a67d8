"""Any vision transformer of timm or torchvision as a classifier whose patches can be left out, for `patch-mask`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, cast

from blurbench import hookimpl
from blurbench.contract import Budget, Classifier, PatchClassifier, Pixels, Recipe, Ref, Shape
from blurbench.errors import Skip, UsageError

if TYPE_CHECKING:
    import torch
    from torch import nn

    from blurbench_classifiers.networks.adapted import Adapted
    from blurbench_classifiers.networks.tokens import Masked


@dataclass(frozen=True)
class MaskedPatches(PatchClassifier):
    """`network` as it is: fitted, and asked with all patches, it gives the same logits.

    `masked-patches[network=timm[model=vit_small_patch16_224, pretrained=true]]`. Class tokens, registers, distilled
    heads and `dynamic_img_size` are handled; networks that are not a plain sequence of tokens are declined.
    """

    paper: ClassVar[str] = "Kim, removing blurry patches for a vision transformer, which was pretrained"

    network: Ref[Classifier]
    side: Annotated[int, Pixels(1, 1024)] = 16
    """The side of a patch in the data set's pixels; the network's own, unless images are enlarged for it."""

    @property
    def patch(self) -> int:
        return self.side

    @property
    def is_given(self) -> bool:
        return self.network.is_given

    def has_weights(self, classes: int) -> bool:
        return self.network.has_weights(classes)

    def as_it_is(self) -> Classifier:
        return replace(self, network=self.network.as_it_is())

    def build(self, shape: Shape, classes: int) -> nn.Module:
        """Raises Skip where patches cannot be left out, UsageError where `side` is not the network's."""
        from blurbench_classifiers.networks.adapted import Adapted
        from blurbench_classifiers.networks.tokens import Masked

        adapted = self.network.build(shape, classes)
        if not isinstance(adapted, Adapted):
            raise Skip(f"{type(self.network).__name__} is neither timm's nor torchvision's: `vit` itself can be masked")
        masked = Masked(adapted)
        self._check_side(masked, shape)
        return masked

    def _check_side(self, masked: Masked, shape: Shape) -> None:
        import torch

        seen = masked.adapted.resized(torch.zeros(1, 1, shape.height, shape.width)).shape[-2:]
        side = masked.patch * shape.height / seen[0]
        if (
            side != masked.patch * shape.width / seen[1]
            or side != int(side)
            or shape.height % side
            or shape.width % side
        ):
            raise Skip(
                f"patches of {masked.patch} pixels of {seen[0]}x{seen[1]} are no squares of whole pixels that tile "
                f"images of {shape.height}x{shape.width}"
            )
        if side != self.side:
            raise UsageError(
                f"the network's patches are {int(side)} pixels wide in images of {shape}: set side={int(side)}"
            )

    def prepare(self, module: nn.Module, images: torch.Tensor) -> None:
        self.network.prepare(self._inner(module), images)

    def units(self, module: nn.Module) -> Sequence[Sequence[nn.Module]]:
        return self.network.units(self._inner(module))

    def recipe(self, purpose: Literal["train", "finetune"], budget: Budget) -> Recipe:
        return self.network.recipe(purpose, budget)

    @staticmethod
    def _inner(module: nn.Module) -> Adapted:
        return cast("Masked", module).adapted


@hookimpl
def register_classifiers(register: Callable[[str, type[Classifier]], None]) -> None:
    register("masked-patches", MaskedPatches)
