"""What answers say beyond top-1: class by class, where it is sure, and beside its own on other images."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["accuracy_by_class", "churn", "selective_accuracy"]


def accuracy_by_class(labels: NDArray[np.integer], correct: NDArray[np.bool_]) -> dict[int, tuple[int, float]]:
    """By label, how many of `labels` (images,) there are, and the share of `correct` (seeds, images) among them."""
    classes, place, counts = np.unique(labels, return_inverse=True, return_counts=True)
    shares = np.bincount(place, weights=correct.mean(axis=0)) / counts
    return {int(one): (int(n), float(share)) for one, n, share in zip(classes, counts, shares, strict=True)}


def churn(predicted: NDArray[np.integer], other: NDArray[np.integer]) -> float:
    """The share of images that are given another label than in `other`, both of one shape. Milani Fard et al. 2016."""
    return float((predicted != other).mean())


def selective_accuracy(confidence: NDArray[np.floating], correct: NDArray[np.bool_], coverage: float = 0.5) -> float:
    """Top-1 over the share of the images (images,) that the predictor is surest of; of equals the first. El-Yaniv &
    Wiener 2010."""
    kept = np.argsort(-confidence, kind="stable")[: max(1, round(coverage * len(confidence)))]
    return float(correct[kept].mean())
