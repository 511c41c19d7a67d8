"""No blur: the row that every loss is measured against."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from blurbench import hookimpl
from blurbench.contract import Blur, Psf, Quantity

if TYPE_CHECKING:
    from blurbench.imaging.draws import Draws


@dataclass(frozen=True)
class NoBlur(Blur):
    """Leaves the images as they are."""

    family: ClassVar[str] = "none"

    def psf(self, draws: Draws) -> Psf:
        """A delta for each image."""
        from blurbench.imaging.psf import delta

        return delta(len(draws), draws.device)

    def families(self) -> tuple[tuple[str, Mapping[str, Quantity]], ...]:
        """None: nothing happens on the way."""
        return ()


@hookimpl
def register_blurs(register: Callable[[str, type[Blur]], None]) -> None:
    register("none", NoBlur)
