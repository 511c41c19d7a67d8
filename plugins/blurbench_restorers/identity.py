"""restored = blurred: the row that every restorer must beat."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from blurbench import hookimpl
from blurbench.contract import Control, Deconvolver, Knows, Restorer

if TYPE_CHECKING:
    import torch
    from torch import nn


@dataclass(frozen=True)
class Identity(Restorer):
    """Gives the images back as they are."""

    knows: ClassVar[Knows] = "nothing"
    trainable: ClassVar[bool] = False

    def control(self) -> Control:
        return "identity"

    def restore(self, images: torch.Tensor, module: nn.Module | None) -> torch.Tensor:
        """The images themselves."""
        return images


@hookimpl
def register_restorers(register: Callable[[str, type[Restorer] | type[Deconvolver]], None]) -> None:
    register("identity", Identity)
