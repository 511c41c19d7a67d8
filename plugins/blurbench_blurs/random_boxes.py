"""degraded = mask blur(image) + (1 - mask) image: another blur inside random rectangles, the rest stays sharp."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from blurbench import hookimpl
from blurbench.contract import Blur, Count, Degraded, Fraction, Quantity, Range, Ref

if TYPE_CHECKING:
    import torch

    from blurbench.imaging.draws import Draws

_FIFTH_TO_HALF = Range(0.2, 0.5)


@dataclass(frozen=True)
class RandomBoxes(Blur):
    """Each image has `boxes` rectangles, which may overlap, anywhere within it; each side is a `share` of the image's,
    drawn for itself and rounded to whole pixels, one at least. Light from outside a rectangle still falls into it.
    """

    blur: Ref[Blur]
    boxes: Annotated[int, Count(1, 100)] = 3
    share: Annotated[Quantity, Fraction()] = _FIFTH_TO_HALF

    paper: ClassVar[str] = "Kim et al., blur on various regions; their number and size are not stated"

    def families(self) -> tuple[tuple[str, Mapping[str, Quantity]], ...]:
        """Those of the blur, each with the boxes: inside them is not everywhere."""
        where: dict[str, Quantity] = {"boxes": self.boxes, "share": self.share}
        return tuple((family, {**values, **where}) for family, values in self.blur.families())

    def degrade(self, images: torch.Tensor, draws: Draws) -> Degraded:
        """Blur the whole images and keep what lies inside the boxes. No single PSF describes the result."""
        import torch

        from blurbench.imaging.received import check_degraded

        inside = self.mask(images.shape[-2], images.shape[-1], draws).to(images.device)
        blurred = self.blur.degrade(images, draws.at("blur"))
        check_degraded(f"blur {type(self.blur).__name__}", blurred, images)
        mixed = torch.where(inside[:, None], blurred.images, images)
        return Degraded(mixed, None, blurred.noise_std, blurred.padding)

    def mask(self, height: int, width: int, draws: Draws) -> torch.Tensor:
        """Whether a pixel lies in a box, bool (N, height, width)."""
        import torch

        inside = torch.zeros(len(draws), height, width, dtype=torch.bool, device=draws.device)
        for box in range(self.boxes):
            rows = self._covered("rows", height, draws.at(box))
            columns = self._covered("columns", width, draws.at(box))
            inside |= rows[:, :, None] & columns[:, None, :]
        return inside

    def _covered(self, name: str, length: int, draws: Draws) -> torch.Tensor:
        """Which of `length` pixels an interval covers, bool (N, length)."""
        import torch

        side = (length * draws(f"share of {name}", self.share)).round().clamp(1, length)
        start = torch.floor((length - side + 1) * draws(f"first of {name}", Range(0, 1)))
        pixel = torch.arange(length, device=draws.device)
        return (pixel >= start[:, None]) & (pixel < (start + side)[:, None])


@hookimpl
def register_blurs(register: Callable[[str, type[Blur]], None]) -> None:
    register("random-boxes", RandomBoxes)
