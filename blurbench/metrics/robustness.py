"""How much of its accuracy a predictor keeps under blur, and how much of a loss a remedy wins back."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import fsum

from blurbench.metrics.intervals import Interval

__all__ = ["area_under", "corruption_error", "half_accuracy", "recovered", "relative_corruption_error", "retained"]


def retained(blurred: float, clean: float) -> float | None:
    """Top-1 on blurred images as a share of the same predictor's top-1 on clean ones; None where that is 0."""
    return blurred / clean if clean > 0 else None


def recovered(gain: float, loss: Interval) -> float | None:
    """The share of the baseline's loss that a gain makes good: above 1 where it overshoots, below 0 where it adds.

    None, nothing to recover, unless the whole 95% interval of the loss lies above 0.
    """
    return gain / loss.estimate if loss.low > 0 else None


# --- against a reference, Hendrycks & Dietterich 2019 --------------------------------------------------------------


def corruption_error(top1: Sequence[float], reference: Sequence[float]) -> float | None:
    """CE: the errors over the severities of one corruption, as a share of the reference's; None where it makes none."""
    errors = fsum(1 - one for one in reference)
    return fsum(1 - one for one in top1) / errors if errors > 0 else None


def relative_corruption_error(
    top1: Sequence[float], clean: float, reference: Sequence[float], reference_clean: float
) -> float | None:
    """Relative CE: the same with what the corruption adds to the errors on clean images; None where it adds nothing to
    the reference's."""
    added = fsum(reference_clean - one for one in reference)
    return fsum(clean - one for one in top1) / added if added > 0 else None


# --- along a ladder of severities ----------------------------------------------------------------------------------


def area_under(clean: float, values: Sequence[float], top1: Sequence[float]) -> float:
    """Mean top-1 from no blur, at 0, to the last of `values` (rising, above 0): trapezia between the steps."""
    steps = pairwise(zip((0.0, *values), (clean, *top1), strict=True))
    return fsum((high - low) * (before + after) / 2 for (low, before), (high, after) in steps) / values[-1]


def half_accuracy(clean: float, values: Sequence[float], top1: Sequence[float]) -> float | None:
    """Where top-1 first falls to half of what it is without blur, by straight lines between the steps; None where it
    does not."""
    for (low, before), (high, after) in pairwise(zip((0.0, *values), (clean, *top1), strict=True)):
        if after <= clean / 2 < before:
            return low + (high - low) * (before - clean / 2) / (before - after)
    return None
