"""What classifiers share whose networks are defined elsewhere, for photographs: timm's and torchvision's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from blurbench.contract import Classifier, Shape
from blurbench.errors import Skip, UnknownName

if TYPE_CHECKING:
    from torch import nn

    from blurbench_classifiers.networks.adapted import Adapted

__all__ = ["Published", "check_channels", "check_timm_model", "check_torchvision_model"]


class Published(Classifier):
    """A classifier whose module is an `Adapted`: its units are those of the network inside."""

    def as_it_is(self) -> Classifier:
        from blurbench_classifiers.as_it_is import AsItIs

        return self if self.is_given else AsItIs(self)

    def units(self, module: nn.Module) -> Sequence[Sequence[nn.Module]]:
        from blurbench_classifiers.networks.adapted import units_of

        return units_of(cast("Adapted", module).network)


def check_channels(shape: Shape) -> None:
    """Raises Skip where images are neither grey nor RGB."""
    if shape.channels not in (1, 3):
        raise Skip(f"the network takes grey or RGB images, not {shape.channels} channels")


def check_timm_model(name: str) -> None:
    """Raises UnknownName where timm has no such network."""
    import timm

    if not timm.is_model(name):
        raise UnknownName("timm model", name, timm.list_models())


def check_torchvision_model(name: str) -> None:
    """Raises UnknownName where torchvision has no such classification network."""
    from torchvision import models

    if name not in (known := models.list_models(module=models)):
        raise UnknownName("torchvision model", name, known)
