"""decoded = JPEG(image): what a file of this quality keeps."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from blurbench import hookimpl
from blurbench.contract import Blur, Degraded, Limits, Quantity
from blurbench.errors import Skip

if TYPE_CHECKING:
    import torch

    from blurbench.imaging.draws import Draws


@dataclass(frozen=True)
class Jpeg(Blur):
    """Clips to [0, 1], rounds to 8 bits, encodes and decodes with Pillow's libjpeg; `quality` is libjpeg's, rounded.

    What JPEG changes follows the picture and is no white noise: as noise, only the rounding to 8 bits is counted.
    """

    quality: Annotated[Quantity, Limits(1, 95)]
    subsampling: Literal["4:4:4", "4:2:0"] = "4:2:0"
    """Whether colour is kept at full or at half resolution; grey images have none."""

    family: ClassVar[str] = "sensor"

    def degrade(self, images: torch.Tensor, draws: Draws) -> Degraded:
        """Raises Skip for images that are neither grey nor RGB."""
        import numpy as np
        import torch

        from blurbench.imaging.psf import delta

        if images.shape[1] not in (1, 3):
            raise Skip(f"JPEG files are grey or RGB, not of {images.shape[1]} channels")
        pixels = images.clamp(0, 1).mul(255).round().byte().permute(0, 2, 3, 1).cpu().numpy()
        qualities = draws("quality", self.quality).round().int().tolist()
        decoded = np.stack([self._decoded(*pair) for pair in zip(pixels, qualities, strict=True)])
        seen = torch.from_numpy(decoded).permute(0, 3, 1, 2).to(images).div(255)
        return Degraded(seen.contiguous(), delta(len(images), images.device), 1 / (255 * math.sqrt(12)))

    def _decoded(self, pixels: Any, quality: int) -> Any:
        """One image uint8 (H, W, C) as the file gives it back."""
        import numpy as np
        from PIL import Image

        grey = pixels.shape[-1] == 1
        file = BytesIO()
        Image.fromarray(pixels[..., 0] if grey else pixels).save(
            file, "JPEG", quality=quality, subsampling=self.subsampling
        )
        return np.asarray(Image.open(file)).reshape(pixels.shape)


@hookimpl
def register_blurs(register: Callable[[str, type[Blur]], None]) -> None:
    register("jpeg", Jpeg)
