"""The network of `vit`."""

from __future__ import annotations

import torch
from timm.models.vision_transformer import VisionTransformer
from torch import Tensor, nn

from blurbench.types import Shape

__all__ = ["Vit"]


class Vit(VisionTransformer):
    """timm's vision transformer, from scratch, on standardised images; it can leave out tokens."""

    def __init__(self, shape: Shape, classes: int, patch: int, width: int, depth: int, heads: int) -> None:
        super().__init__(
            img_size=(shape.height, shape.width),
            patch_size=patch,
            in_chans=shape.channels,
            num_classes=classes,
            embed_dim=width,
            depth=depth,
            num_heads=heads,
        )
        self.mean = nn.Buffer(torch.zeros(shape.channels, 1, 1))
        self.deviation = nn.Buffer(torch.ones(shape.channels, 1, 1))

    def forward(self, images: Tensor, keep: Tensor | None = None) -> Tensor:
        """Logits (N, classes) of images (N, C, H, W).

        `keep` bool (N, P), patches row by row: the tokens of other patches are dropped after the position embedding.
        The class token always stays, so an image may lose all of its patches.
        """
        tokens = self._pos_embed(self.patch_embed((images - self.mean) / self.deviation))
        logits: Tensor
        if keep is None:
            logits = self._classify(tokens)
            return logits
        keep = torch.cat([keep.new_ones(len(keep), self.num_prefix_tokens), keep], dim=1)
        counts = keep.sum(dim=1)
        logits = tokens.new_empty(len(tokens), self.num_classes)
        # Images with equally many tokens go together: no padding, so that time is saved and nothing else attends.
        for count in counts.unique().tolist():
            group = (counts == count).nonzero().squeeze(1)
            kept = tokens[group][keep[group]].view(len(group), count, -1)
            logits[group] = self._classify(kept).to(logits.dtype)
        return logits

    def _classify(self, tokens: Tensor) -> Tensor:
        return self.forward_head(self.norm(self.blocks(self.norm_pre(tokens))))
