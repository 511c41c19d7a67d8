"""Which rows are worth their cost: a Pareto front of gain, time to predict and time to fit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

__all__ = ["MEANING", "CostBenefit", "on_front"]

# Rows that do identical work (retrain, and the same with a restorer that does nothing) were seen to differ by 30% in
# fitting and by 0.24 ms at prediction: what is closer than this says nothing about the rows.
SHARE, MILLISECONDS, SECONDS = 1 / 3, 0.3, 1.0

MEANING = (
    "No other row gains as much for a lower price, or more for no higher one. Gains are compared to a tenth of a "
    "point. Prices are added milliseconds (batch 1; below 0 is noise and counts as 0) and fitting seconds: one is "
    f"lower if it is by more than a third and more than {MILLISECONDS} ms or {SECONDS:g} s. Rows that surely lose are "
    "not on the front, nor controls that another row equals."
)
"""What a reader of a board is told."""


class CostBenefit(NamedTuple):
    """What a row gives and takes."""

    gain: float
    added_ms: float
    fit_seconds: float
    surely_loses: bool = False
    is_control: bool = False

    def beats(self, other: CostBenefit) -> bool:
        """As much gain for a lower price, or more for no higher one; of equals, a control yields to the other."""
        own, others = round(self.gain, 3), round(other.gain, 3)
        if own < others or other.is_cheaper(self):
            return False
        if self.is_control == other.is_control:
            return own > others or self.is_cheaper(other)
        return own > others or other.is_control

    def is_cheaper(self, other: CostBenefit) -> bool:
        """Whether one of its prices is lower, beyond noise."""
        predicts = _is_lower(max(0.0, self.added_ms), max(0.0, other.added_ms), MILLISECONDS)
        return predicts or _is_lower(self.fit_seconds, other.fit_seconds, SECONDS)


def _is_lower(one: float, other: float, least: float) -> bool:
    return other - one > max(least, SHARE * other)


def on_front(offers: Sequence[CostBenefit | None]) -> list[bool | None]:
    """Whether it is no sure loss, and no other offer beats it; None where a time is not known."""
    known = [offer for offer in offers if offer]
    return [offer and not (offer.surely_loses or any(other.beats(offer) for other in known)) for offer in offers]
