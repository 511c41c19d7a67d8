"""The contract of blurs: images to degraded images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any, ClassVar

from blurbench.contract.plugin import Plugin
from blurbench.imaging.values import Degraded, ImageSet, Padding, Psf

if TYPE_CHECKING:
    import torch

    from blurbench.imaging.draws import Draws

__all__ = ["Blur"]


class Blur(Plugin):
    """Degrades clean images. A pure function of the images' ids, the parameters and the seed inside `draws`.

    Give either `psf` (the framework convolves, with the fastest path for the PSF's type) or, for anything that is not
    a convolution, your own `degrade`.
    """

    family: ClassVar[str] = ""
    """The kind of blur ("gaussian", "motion" ...), by which rows are tagged seen or unseen; default: its module."""

    photographed: ClassVar[bool] = False
    """True for the test blur that nobody makes: it is tested on `Dataset.photographed()`."""

    padding: Padding = "reflect"

    def psf(self, draws: Draws) -> Psf:
        """The PSFs of the images of `draws`, one an image."""
        raise NotImplementedError(f"{type(self).__name__} gives neither psf() nor degrade()")

    def degrade(self, images: torch.Tensor, draws: Draws) -> Degraded:
        """Degrade `images` (N, C, H, W) in [0, 1]; the ids in `draws` are theirs, in the same order."""
        from blurbench.imaging.convolution import convolve
        from blurbench.imaging.received import check_psf

        psf = self.psf(draws)
        check_psf(f"blur {type(self).__name__}", psf, images)
        return Degraded(convolve(images, psf, self.padding), psf, padding=self.padding)

    def degrade_set(self, images: ImageSet, draws: Draws) -> Degraded:
        """Degrade a part of a data set; what the framework calls. Only a blur that was recorded needs more than
        the images themselves."""
        return self.degrade(images.images, draws)

    @property
    def is_identity(self) -> bool:
        """Whether it leaves images as they are, so that they count as sharp."""
        return not self.families()

    def families(self) -> tuple[tuple[str, Mapping[str, Any]], ...]:
        """The families met on the way, each with the values that its parameters can take."""
        values = {item.name: getattr(self, item.name) for item in fields(self)}  # type: ignore[arg-type]
        return ((self.family or type(self).__module__, values),)
