"""Which rows are worth their cost: a Pareto front of gain, time to predict and time to fit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

__all__ = ["Offer", "on_front"]


class Offer(NamedTuple):
    """What a row gives and takes."""

    gain: float
    added_ms: float
    fit_seconds: float

    def beats(self, other: Offer) -> bool:
        """At least as good in everything, better in something."""
        better = (-self.gain, self.added_ms, self.fit_seconds)
        return self != other and all(a <= b for a, b in zip(better, (-other.gain, *other[1:]), strict=True))


def on_front(offers: Sequence[Offer | None]) -> list[bool | None]:
    """Whether no other offer beats it; None where a time is not known."""
    known = [offer for offer in offers if offer]
    return [offer and not any(other.beats(offer) for other in known) for offer in offers]
