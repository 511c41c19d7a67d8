"""Top-k hits, confidences, how well the two agree, and proper scores of all probabilities."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from blurbench.imaging.precision import finely

__all__ = ["brier_scores", "calibration_error", "confidence_of", "log_losses", "top_k"]


def confidence_of(logits: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The predicted label, int64 (N,), and its softmax confidence (N,), for `logits` (N, K).

    Of equal logits the first class wins. The softmax is taken in float64, where the device has that, so no confidence
    exceeds 1.
    """
    predicted = logits.argmax(dim=1)
    return predicted, torch.softmax(finely(logits), dim=1).gather(1, predicted[:, None])[:, 0]


def top_k(logits: torch.Tensor, labels: torch.Tensor, k: int) -> torch.Tensor:
    """Whether the label is among the k greatest of `logits` (N, K): bool (N,).

    Of equal logits the lower class counts as greater, so constant logits earn no credit for the later classes.
    """
    own = logits.gather(1, labels[:, None])
    lower = torch.arange(logits.shape[1], device=logits.device) < labels[:, None]
    ahead = (logits > own) | ((logits == own) & lower)
    return ahead.sum(dim=1) < k


def calibration_error(confidence: NDArray[np.floating], correct: NDArray[np.bool_], bins: int = 15) -> float:
    """Expected calibration error: sum over bins of (share of images) * |mean hits - mean confidence|.

    Bins have equal width and hold their upper edge. `confidence` and `correct` are (N,), N >= 1. Guo et al. 2017.
    """
    place = np.clip(np.ceil(confidence * bins).astype(np.int64) - 1, 0, bins - 1)
    surplus = np.bincount(place, weights=correct - confidence, minlength=bins)
    return float(np.abs(surplus).sum() / len(confidence))


def log_losses(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Negative log-likelihood of the true label in nats, (N,), for `logits` (N, K) and `labels` (N,)."""
    return -torch.log_softmax(finely(logits), dim=1).gather(1, labels[:, None])[:, 0]


def brier_scores(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Squared distance of the softmax from the true label, summed over the classes: (N,), from 0 to 2. Brier 1950."""
    probabilities = torch.log_softmax(finely(logits), dim=1).exp()
    own = probabilities.gather(1, labels[:, None])[:, 0]
    return probabilities.square().sum(dim=1) - 2 * own + 1
