"""Always the same answer: the row that every estimator must beat."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from blurbench import hookimpl
from blurbench.contract import Count, Estimator, Pixels

if TYPE_CHECKING:
    import torch
    from torch import nn


@dataclass(frozen=True)
class Constant(Estimator):
    """Says `sigma` whatever it sees; a restorer that is told it deblurs everything alike."""

    sigma: Annotated[float, Pixels(0, 30)] = 1.5
    window: Annotated[int, Count(1, 4096)] = 32

    @property
    def limits(self) -> tuple[float, float]:
        return (self.sigma, self.sigma)

    @property
    def answers(self) -> tuple[float, ...]:
        return (self.sigma,)

    def constant(self) -> float:
        return self.sigma

    def estimate(self, images: torch.Tensor, module: nn.Module | None = None) -> torch.Tensor:
        return images.new_full((len(images),), self.sigma)

    def sigma_map(self, images: torch.Tensor, module: nn.Module | None = None, stride: int = 1) -> torch.Tensor:
        height, width = ((length - self.window) // stride + 1 for length in images.shape[-2:])
        return images.new_full((len(images), height, width), self.sigma)


@hookimpl
def register_estimators(register: Callable[[str, type[Estimator]], None]) -> None:
    register("constant", Constant)
