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
    if test.is_identity:
        return "clean"
    nearest: Exposure = "unseen family"
    wanted = _steps(test)
    for blur in trained_on:
        steps = _steps(blur)
        if [family for family, _ in steps] != [family for family, _ in wanted]:
            continue
        pairs = [(values, met) for (_, values), (_, met) in zip(steps, wanted, strict=True)]
        if all(one.keys() == met.keys() and all(_within(one[name], met[name]) for name in one) for one, met in pairs):
            return "seen"
        nearest = "unseen severity"
    return nearest


def _steps(blur: Blur) -> list[tuple[str, Mapping[str, Any]]]:
    """The optical steps: noise and rounding in the sensor do not make another blur. Where there is nothing else, they
    are what the images suffer."""
    steps = list(blur.families())
    return [step for step in steps if step[0] != "sensor"] or steps


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
