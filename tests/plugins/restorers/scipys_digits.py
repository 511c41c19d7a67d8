"""Scikit-learn's digits, enlarged."""

from __future__ import annotations

import torch


def digits() -> torch.Tensor:
    from sklearn.datasets import load_digits

    x = torch.from_numpy(load_digits().images[:60] / 16).float()[:, None]
    return torch.nn.functional.interpolate(x, size=16, mode="bilinear", align_corners=False)
