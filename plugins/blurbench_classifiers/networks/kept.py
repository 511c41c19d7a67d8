"""Classifying sequences of which some tokens are left out."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

__all__ = ["classify_kept"]


def classify_kept(classify: Callable[[Tensor], Tensor], tokens: Tensor, keep: Tensor, others: int) -> Tensor:
    """Logits (N, classes) of `tokens` (N, others + P, width), less the patches that `keep` (N, P) leaves out.

    Images with equally many tokens go together: without padding, time is really saved.
    """
    keep = torch.cat([keep.new_ones(len(keep), others), keep], dim=1)
    counts = keep.sum(dim=1)
    groups = [(counts == count).nonzero()[:, 0] for count in torch.unique(counts).tolist()]
    found = [classify(tokens[group][keep[group]].view(len(group), -1, tokens.shape[-1])) for group in groups]
    logits = torch.cat(found)
    return logits[torch.cat(groups).argsort()]
