"""The usual score of sharpness as a ruler: the variance of the Laplacian over the variance of the picture.

The variance of the Laplacian alone (Pech-Pacheco et al. 2000) grows with contrast, so a low one may mean a blurred
picture or a dull one; divided by the variance of the picture itself, contrast cancels. Blur lowers the ratio, and a
table with the ratio that is usual at each sigma, made from drawn scenes (`scenes.py`), turns it into pixels. One number
tells blur from neither noise nor smooth subjects, which is what this baseline shows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

from blurbench import hookimpl
from blurbench.contract import Count, Estimator

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray
    from torch import nn

TABLE = Path(__file__).with_name("laplacian_variance.csv")
"""Columns: sigma in pixels from 0 to 3, and the logarithm (base 10) of the ratio, falling."""


@dataclass(frozen=True)
class LaplacianVariance(Estimator):
    """Sigma from the variance of the Laplacian over that of the picture, 0 to 3 pixels; nothing to fit."""

    window: Annotated[int, Count(8, 4096)] = 32

    paper: ClassVar[str] = "Pech-Pacheco et al. 2000, divided by the variance of the picture"

    @property
    def limits(self) -> tuple[float, float]:
        return (0.0, 3.0)

    def estimate(self, images: torch.Tensor, module: nn.Module | None = None) -> torch.Tensor:
        import numpy as np

        sigmas, ratios = table()
        found = np.interp(-log_ratio(images).cpu().double().numpy(), -ratios, sigmas)
        return images.new_tensor(found)


def log_ratio(images: torch.Tensor) -> torch.Tensor:
    """Images (N, C, H, W) -> (N,), the logarithm of the variance of the Laplacian over that of the grey values. An even
    image, whose ratio is 0 / 0, counts as sharp as the rounding to 8 bits lets it look."""
    from blurbench.imaging.precision import finely
    from blurbench.imaging.sharpness import grey, laplacian_variance

    rounding = 1 / 12
    values = finely((255.0 * grey(images)).flatten(1))
    return ((finely(laplacian_variance(images)) + rounding) / (values.var(1, correction=0) + rounding)).log10()


@cache
def table() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sigmas and the usual logarithm of the ratio at each."""
    import numpy as np

    sigmas, ratios = np.loadtxt(TABLE, delimiter=",", skiprows=1, unpack=True)
    return sigmas, ratios


@hookimpl
def register_estimators(register: Callable[[str, type[Estimator]], None]) -> None:
    register("laplacian-variance", LaplacianVariance)
