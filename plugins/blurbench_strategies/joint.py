"""A restorer and the classifier behind it as one network."""

from __future__ import annotations

from torch import Tensor, nn

from blurbench.contract import Restorer
from blurbench.errors import Skip

__all__ = ["Joint"]


class Joint(nn.Module):
    """Images (N, C, H, W) to the logits and to the restored images."""

    def __init__(self, plugin: Restorer, restorer: nn.Module, classifier: nn.Module) -> None:
        super().__init__()
        self.plugin, self.restorer, self.classifier = plugin, restorer, classifier

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Raises Skip where the restorer cannot learn from what the classifier makes of its images."""
        restored: object = self.plugin.restore(images, self.restorer)
        if not isinstance(restored, Tensor):
            raise Skip(f"{type(self.plugin).__name__} gives more than an image while it is fitted")
        if self.training and not restored.requires_grad:
            raise Skip(f"no gradient reaches the network of {type(self.plugin).__name__}")
        return self.classifier(restored), restored
