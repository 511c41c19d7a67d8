"""min over theta of the mean of (network_theta(blurred) - clean)^2, the network a U-Net with residual blocks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from blurbench import hookimpl
from blurbench.contract import Budget, Count, Deconvolver, Recipe, Restorer, RestorerJob, Shape

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class Resunet(Restorer):
    """The paper has 1 or 3 blocks at each size: 1,008,963 or 1,969,987 parameters for colour images."""

    revision: ClassVar[int] = 2
    paper: ClassVar[str] = "Dicosola 2020, section 3.1"

    blocks: Annotated[int, Count(1, 100)] = 1
    """Residual blocks at each size, on the way down and on the way up."""
    channels: Annotated[int, Count(1, 4096)] = 32
    """Channels at full size; half and quarter size have twice and four times as many."""
    residual: bool = False
    """Start as the identity and add to the image, before the sigmoid. The paper does not; it helps where images or
    steps are too few to learn what an image looks like."""
    flips: bool = False
    """Mirror clean images at random before they are blurred, as the paper did."""

    def build(self, shape: Shape) -> nn.Module:
        from blurbench_restorers.networks.resunet import Resunet as Network

        return Network(shape.channels, self.channels, self.blocks, self.residual)

    def recipe(self, budget: Budget) -> Recipe:
        if budget.recipes == "paper":
            return Recipe(budget.restorer_epochs, 1e-3, batch_size=250, schedule="constant", patience=7)
        # Validation images of CIFAR-10 (8 channels), 500 steps: 21.6 dB, with a third of the rate 21.0, a tenth 20.0.
        return Recipe((budget.restorer_epochs + 1) // 2, 1e-2, batch_size=8)

    def fit(self, module: nn.Module, job: RestorerJob) -> Mapping[str, Any]:
        from blurbench.training import fit_restorer
        from blurbench_restorers.networks.flips import flip

        return fit_restorer(module, job, self.recipe(job.budget), flip if self.flips else None)


@hookimpl
def register_restorers(register: Callable[[str, type[Restorer] | type[Deconvolver]], None]) -> None:
    register("resunet", Resunet)
