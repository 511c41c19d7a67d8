"""min over theta of the mean of (network_theta(blurred) - clean)^2, the network a U-Net turned inside out: it doubles
the image three times before it halves it three times."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from blurbench import hookimpl
from blurbench.contract import Budget, Count, Deconvolver, Recipe, Restorer, RestorerJob, Shape

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class ReverseUnet(Restorer):
    """185,217 parameters for grey images, but maps 8 times as wide and high: 4.9 billion products for 28x28 pixels."""

    paper: ClassVar[str] = "Shen, Huang, Zhang 2022, section 3.5 and Table 2"

    channels: Annotated[int, Count(1, 4096)] = 32
    """Channels of the first map; the next ones have twice and four times as many."""

    def build(self, shape: Shape) -> nn.Module:
        from blurbench_restorers.networks.reverse_unet import ReverseUnet as Network

        return Network(shape.channels, self.channels)

    def recipe(self, budget: Budget) -> Recipe:
        if budget.recipes == "paper":
            return Recipe(budget.restorer_epochs, 3e-4, schedule="constant", patience=5)
        # A batch of 64 would take 3.5 GB.
        return Recipe((budget.restorer_epochs + 1) // 2, 5e-3, batch_size=16)

    def fit(self, module: nn.Module, job: RestorerJob) -> Mapping[str, Any]:
        from blurbench.training import fit_restorer

        return fit_restorer(module, job, self.recipe(job.budget))


@hookimpl
def register_restorers(register: Callable[[str, type[Restorer] | type[Deconvolver]], None]) -> None:
    register("reverse-unet", ReverseUnet)
