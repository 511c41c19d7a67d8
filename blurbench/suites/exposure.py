"""Had a predictor met the blur that it is tested on? Decided from families and parameter ranges, not from names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal, TypeAlias

from blurbench.contract import Blur, Choice, Range

__all__ = ["Exposure", "exposure"]

Exposure: TypeAlias = Literal["clean", "seen", "unseen severity", "unseen family"]
"""Whether the blur of a test was met when the remedy was fitted."""


def exposure(test: Blur, trained_on: Iterable[Blur]) -> Exposure:
    """`clean` for the blur that does nothing, else how near the nearest training blur comes to `test`."""
    if not test.families():
        return "clean"
    nearest: Exposure = "unseen family"
    for blur in trained_on:
        if _families(blur) != _families(test):
            continue
        if _covers(blur, test):
            return "seen"
        nearest = "unseen severity"
    return nearest


def _families(blur: Blur) -> tuple[str, ...]:
    """The families of the optical steps; noise and rounding in the sensor do not make another blur."""
    return tuple(family for family, _ in blur.families() if family != "sensor")


def _covers(trained: Blur, test: Blur) -> bool:
    steps, wanted = trained.families(), test.families()
    return len(steps) == len(wanted) and all(
        family == wanted_family and _all_within(values, wanted_values)
        for (family, values), (wanted_family, wanted_values) in zip(steps, wanted, strict=True)
    )


def _all_within(values: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    return values.keys() == wanted.keys() and all(_within(values[name], wanted[name]) for name in values)


def _within(trained: Any, test: Any) -> bool:
    """Every value that `test` can take could be drawn from `trained`."""
    match trained, test:
        case Range(low=low, high=high), Range(low=test_low, high=test_high):
            return low <= test_low and test_high <= high
        case Range(low=low, high=high), int() | float() | Choice():
            return all(low <= value <= high for value in _values(test))
        case (Range(), _) | (_, Range()):
            return False
        case _:
            return set(_values(test)) <= set(_values(trained))


def _values(quantity: Any) -> tuple[Any, ...]:
    match quantity:
        case Choice(choice=choice):
            return choice
        case Range(low=low, high=high):
            return (low, high)
        case _:
            return (quantity,)
