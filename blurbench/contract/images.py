"""What data sets hand over and what predictors answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray

__all__ = ["Output", "Split", "Splits"]


@dataclass(frozen=True, eq=False)
class Split:
    """Decoded images of one part of a data set: `images` uint8 (N, C, H, W), `labels` int64 (N,).

    `recorded`, as `images`, where the data set holds a blurred photograph of each.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    recorded: NDArray[np.uint8] | None = None

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, eq=False)
class Splits:
    """A whole data set. The three parts share no image."""

    train: Split
    validation: Split
    test: Split
    class_names: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Output:
    """What a predictor says of N images: `logits` (N, K), the images after restoration if there was one, and
    per-image observations by name, each (N,), such as the share of masked patches."""

    logits: torch.Tensor
    restored: torch.Tensor | None = None
    observations: Mapping[str, torch.Tensor] = field(default_factory=dict)
