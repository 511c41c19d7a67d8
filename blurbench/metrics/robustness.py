"""How much of its accuracy a predictor keeps under blur, and how much of a loss a remedy wins back."""

from __future__ import annotations

from blurbench.metrics.intervals import Interval

__all__ = ["recovered", "retained"]


def retained(blurred: float, clean: float) -> float | None:
    """Top-1 on blurred images as a share of the same predictor's top-1 on clean ones; None where that is 0."""
    return blurred / clean if clean > 0 else None


def recovered(gain: float, loss: Interval) -> float | None:
    """The share of the baseline's loss that a gain makes good: above 1 where it overshoots, below 0 where it adds.

    None, nothing to recover, unless the whole 95% interval of the loss lies above 0.
    """
    return gain / loss.estimate if loss.low > 0 else None
