"""Vision transformers without some of their tokens: timm's, torchvision's."""

from __future__ import annotations

from typing import Any

import torch
from timm.layers.patch_embed import PatchEmbed
from timm.models.vision_transformer import VisionTransformer
from torch import Tensor, nn
from torchvision.models.vision_transformer import VisionTransformer as TorchvisionTransformer

from blurbench.errors import Skip
from blurbench_classifiers.networks.adapted import Adapted
from blurbench_classifiers.networks.kept import classify_kept

__all__ = ["Masked"]

_FOLLOWED = ("forward", "forward_features")
"""What is done here in timm's stead, and so must be its own."""


class Masked(nn.Module):
    """A transformer behind `Adapted`, whose patches can be left out.

    Tokens are dropped whole, after the position embedding; the class token, registers and a distillation token always
    stay. Raises Skip for networks whose tokens are not simply a sequence.
    """

    def __init__(self, adapted: Adapted) -> None:
        super().__init__()
        self.adapted = adapted
        self.form: type[_Form] = _form_of(adapted.network)

    @property
    def patch(self) -> int:
        """The side of a patch, in pixels of the images that the network itself gets."""
        return self.form.patch(self.adapted.network)

    @property
    def mean(self) -> Tensor:
        """The colour (3, 1, 1) that standardisation turns into zero."""
        return self.adapted.mean

    def forward(self, images: Tensor, keep: Tensor | None = None) -> Tensor:
        """Logits (N, classes) of images (N, C, H, W); `keep` bool (N, P), patches row by row."""
        if keep is None or bool(keep.all()):
            logits: Tensor = self.adapted(images)
            return logits
        network = self.adapted.network
        tokens, others = self.form.tokens(network, self.adapted.prepared(images))
        return classify_kept(lambda some: self.form.classify(network, some), tokens, keep, others)


class _Form:
    """How one library writes a vision transformer: its patch, its tokens with how many are no patch, and the rest."""

    @staticmethod
    def patch(network: Any) -> int:
        raise NotImplementedError

    @staticmethod
    def tokens(network: Any, images: Tensor) -> tuple[Tensor, int]:
        raise NotImplementedError

    @staticmethod
    def classify(network: Any, tokens: Tensor) -> Tensor:
        raise NotImplementedError


class _Timm(_Form):
    @staticmethod
    def patch(network: Any) -> int:
        height, width = network.patch_embed.patch_size
        if height != width:
            raise Skip(f"its patches of {height}x{width} pixels are not square")
        return int(height)

    @staticmethod
    def tokens(network: Any, images: Tensor) -> tuple[Tensor, int]:
        # Where `dynamic_img_size` is set, the position embedding is brought to the images' grid here.
        return network.norm_pre(network._pos_embed(network.patch_embed(images))), network.num_prefix_tokens

    @staticmethod
    def classify(network: Any, tokens: Tensor) -> Tensor:
        logits: Tensor = network.forward_head(network.norm(network.blocks(tokens)))
        return logits


class _Torchvision(_Form):
    @staticmethod
    def patch(network: Any) -> int:
        return int(network.patch_size)

    @staticmethod
    def tokens(network: Any, images: Tensor) -> tuple[Tensor, int]:
        patches = network._process_input(images)
        first = network.class_token.expand(len(images), -1, -1)
        return torch.cat([first, patches], dim=1) + network.encoder.pos_embedding, 1

    @staticmethod
    def classify(network: Any, tokens: Tensor) -> Tensor:
        encoder = network.encoder
        logits: Tensor = network.heads(encoder.ln(encoder.layers(encoder.dropout(tokens)))[:, 0])
        return logits


def _form_of(network: nn.Module) -> type[_Form]:
    """Raises Skip where tokens are treated in a way that is not known here."""
    if isinstance(network, TorchvisionTransformer):
        return _Torchvision
    if not isinstance(network, VisionTransformer):
        raise Skip(f"{type(network).__name__} is no plain vision transformer, so its patches cannot be left out")
    if not isinstance(network.patch_embed, PatchEmbed) or network.patch_embed.dynamic_img_pad:
        raise Skip("its tokens are not patches of pixels cut from the image as it is, so they cannot be left out")
    if any(getattr(type(network), name) is not getattr(VisionTransformer, name) for name in _FOLLOWED):
        raise Skip(f"{type(network).__name__} goes from tokens to features in its own way, so none can be left out")
    return _Timm
