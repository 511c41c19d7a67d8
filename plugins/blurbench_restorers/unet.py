"""min over theta of the mean of (network_theta(blurred) - clean)^2, the network a U-Net with two strided steps down."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from blurbench import hookimpl
from blurbench.contract import Budget, Count, Deconvolver, Pixels, Recipe, Restorer, RestorerJob, Shape

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class Unet(Restorer):
    """The paper's widths and 9x9 kernels have 11.6 million parameters; kernel 3 and widths 32, 64, 128 have 323,970."""

    paper: ClassVar[str] = "Shen, Huang, Zhang 2022, section 3.5 and Table 1"

    kernel: Annotated[int, Pixels(1, 31)] = 9
    """Side of the kernels, odd."""
    widths: Annotated[tuple[int, int, int], Count(1, 4096)] = (64, 128, 256)
    """Channels at full, half and quarter size."""
    variant: Literal["code", "table1"] = "code"
    """The authors' programme and their Table 1 differ in activation, norms and the last kernel."""
    bias_init: Literal["zeros", "normal"] = "zeros"
    """Where biases start; the authors' programme draws them from a standard normal distribution."""
    augment: Literal["none", "batch", "image"] = "none"
    """Turn and mirror clean images before they are blurred, drawn for each batch (as the paper did) or each image. In a
    few epochs it costs upright digits 0.5 dB, so it is off unless asked for."""

    def __post_init__(self) -> None:
        if self.kernel % 2 == 0:
            raise ValueError(f"kernel must be odd, not {self.kernel}")

    def build(self, shape: Shape) -> nn.Module:
        from blurbench_restorers.networks.unet import Unet as Network

        return Network(shape.channels, self.widths, self.kernel, self.variant, self.bias_init)

    def recipe(self, budget: Budget) -> Recipe:
        if budget.recipes == "paper":
            return Recipe(budget.restorer_epochs, 3e-4, schedule="constant", patience=5)
        # Batches of 16 in half of the budget's epochs reach the error of 32 in all of them, in half the time. The
        # larger the kernel, the more a step of all its weights changes the sum over them.
        return Recipe((budget.restorer_epochs + 1) // 2, 3e-2 / self.kernel, batch_size=16)

    def fit(self, module: nn.Module, job: RestorerJob) -> Mapping[str, Any]:
        from blurbench.training import fit_restorer
        from blurbench_restorers.networks.unet import rotate_and_flip

        augment = None if self.augment == "none" else partial(rotate_and_flip, per=self.augment)
        return fit_restorer(module, job, self.recipe(job.budget), augment)


@hookimpl
def register_restorers(register: Callable[[str, type[Restorer] | type[Deconvolver]], None]) -> None:
    register("unet", Unet)
