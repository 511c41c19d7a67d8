"""min over theta of the mean of (network_theta(blurred) - clean)^2, the network 30 convolutions with sums across."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from blurbench import hookimpl
from blurbench.protocols import Deconvolver, Restorer
from blurbench.types import Budget, Count, Recipe, Shape

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class Red30(Restorer):
    """4,139,395 parameters for colour images. Restores in one pass; the authors averaged over 8 flips and turns."""

    paper: ClassVar[str] = "Mao, Shen, Yang 2016"

    filters: Annotated[int, Count(1, 4096)] = 128
    """Channels of every map."""

    def build(self, shape: Shape) -> nn.Module:
        from blurbench_restorers.networks.red30 import Red30 as Network

        return Network(shape.channels, self.filters)

    def recipe(self, budget: Budget) -> Recipe:
        if budget.recipes == "paper":
            return Recipe(budget.restorer_epochs, 1e-4, schedule="constant")
        return Recipe((budget.restorer_epochs + 1) // 2, 2e-3, batch_size=16)


@hookimpl
def register_restorers(register: Callable[[str, type[Restorer] | type[Deconvolver]], None]) -> None:
    register("red30", Red30)
