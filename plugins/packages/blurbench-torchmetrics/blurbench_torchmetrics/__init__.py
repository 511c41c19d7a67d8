"""LPIPS: the distance of two images in the features of a network, weighed as people judged pairs of patches.

--metric lpips
--metric "lpips[network=vgg]"
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from blurbench import hookimpl
from blurbench.contract import Answered, Metric
from blurbench.errors import Unavailable

if TYPE_CHECKING:
    import torch

__all__ = ["Lpips"]

NETWORKS = {"alex": "alexnet", "squeeze": "squeezenet1_1", "vgg": "vgg16"}
"""What torchvision calls them."""
LEAST = 32
"""Pixels of a side: smaller images vanish inside the networks, whose judges saw patches of 64."""


@dataclass(frozen=True)
class Lpips(Metric):
    """How unlike its sharp image is what the classifier looked at, from 0, the same, upwards: the restored image, or
    the blurred one where nothing restores. It says nothing of images with a side under 32 pixels, and of photographs
    whose sharp image nobody has. The network's ImageNet weights are those of torchvision, in torch's own folder; where
    they are not, they are downloaded."""

    paper: ClassVar[str] = (
        "Zhang, Isola, Efros, Shechtman and Wang 2018, The Unreasonable Effectiveness of Deep Features"
    )
    limits: ClassVar[tuple[float, float]] = (0.0, float("inf"))

    network: Literal["alex", "squeeze", "vgg"] = "alex"
    """The paper's authors measure with `alex`; `squeeze` has the smallest file (5 MB)."""

    def prepare(self) -> None:
        """Download the weights where they are not here. Raises Unavailable where that fails."""
        self._loaded()

    def _loaded(self) -> Any:
        from torch import hub
        from torchvision import models

        weights: Any = models.get_model_weights(NETWORKS[self.network])
        try:
            return _network(self.network, hub.get_dir())
        except (OSError, RuntimeError) as error:
            raise Unavailable(
                f"lpips needs the ImageNet weights of {NETWORKS[self.network]}, which are not here and could not be "
                f"downloaded ({' '.join(str(error).split())}); get {weights.IMAGENET1K_V1.url} elsewhere and put it "
                f"into {hub.get_dir()}/checkpoints"
            ) from None

    def measure(self, answered: Answered) -> torch.Tensor:
        """Raises Unavailable as `prepare` does."""
        import torch

        seen = answered.blurred if answered.restored is None else answered.restored
        if answered.sharp is None or min(seen.shape[-2:]) < LEAST or seen.shape[1] not in (1, 3):
            return torch.full((len(seen),), torch.nan)
        pair = [images.clamp(0, 1).expand(-1, 3, -1, -1) for images in (answered.sharp, seen)]
        distances: torch.Tensor = self._loaded().to(seen.device)(*pair, normalize=True)
        return distances.flatten().clamp(min=0)


@functools.lru_cache(maxsize=1)
def _network(name: str, folder: str) -> Any:
    """Images in [0, 1], in pairs, to distances, with weights from that folder of torch's."""
    from torchmetrics.image.lpip import LearnedPerceptualImagePatchSimilarity

    return LearnedPerceptualImagePatchSimilarity(name, normalize=True).net


@hookimpl
def register_metrics(register: Callable[[str, type[Metric]], None]) -> None:
    register("lpips", Lpips)
