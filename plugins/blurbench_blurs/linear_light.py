"""seen = encode(blur(decode(image))): blur acts on light, and pixels hold its sRGB code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from blurbench import hookimpl
from blurbench.contract import Blur, Degraded, Quantity, Ref

if TYPE_CHECKING:
    import torch

    from blurbench.imaging.draws import Draws


@dataclass(frozen=True)
class LinearLight(Blur):
    """Any blur, applied to light instead of to sRGB's codes. No PSF describes what becomes of the codes: bright points
    spread further. Values are clipped to [0, 1] on the way."""

    blur: Ref[Blur]

    paper: ClassVar[str] = "IEC 61966-2-1:1999, the transfer function of sRGB"

    def families(self) -> tuple[tuple[str, Mapping[str, Quantity]], ...]:
        """Those of the blur, each in light: the same parameters change codes in another way."""
        return tuple((family, {**values, "linear light": 1.0}) for family, values in self.blur.families())

    def degrade(self, images: torch.Tensor, draws: Draws) -> Degraded:
        """Decode, blur, encode."""
        from blurbench.imaging.received import check_degraded

        light = decoded(images.clamp(0, 1))
        blurred = self.blur.degrade(light, draws.at("blur"))
        check_degraded(f"blur {type(self.blur).__name__}", blurred, light)
        return Degraded(encoded(blurred.images.clamp(0, 1)), None, blurred.noise_std, blurred.padding)


def decoded(codes: torch.Tensor) -> torch.Tensor:
    """Light of sRGB codes, both in [0, 1]."""
    import torch

    return torch.where(codes <= 0.04045, codes / 12.92, ((codes + 0.055) / 1.055) ** 2.4)


def encoded(light: torch.Tensor) -> torch.Tensor:
    """sRGB codes of light, both in [0, 1]."""
    import torch

    return torch.where(light <= 0.0031308, 12.92 * light, 1.055 * light.clamp_min(0.003) ** (1 / 2.4) - 0.055)


@hookimpl
def register_blurs(register: Callable[[str, type[Blur]], None]) -> None:
    register("linear-light", LinearLight)
