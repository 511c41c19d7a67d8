"""Taking times: contenders take turns, so that whatever disturbs the machine disturbs them all."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

__all__ = ["Patience", "seconds_of", "take_turns"]


@dataclass(frozen=True)
class Patience:
    """How long a group of contenders is measured. Each gets an equal share of `seconds`, at least and at most so many
    rounds."""

    seconds: float
    least: int = 3
    most: int = 100


def take_turns(
    calls: Sequence[Callable[[], object]],
    device: torch.device,
    patience: Patience,
    first: Sequence[float] | None = None,
) -> list[list[float]]:
    """The seconds of each call's rounds. A contender who has had its share drops out; the others go on.

    A first call warms up and does not count; `first` are its seconds where it was made before. Whoever is hopelessly
    slow in it is not asked again: those seconds are all there is of him.
    """
    if first is None:
        first = [seconds_of(call, device) for call in calls]
    hopeless = [seconds > max(SLOW, TIMES_SLOWER * min(first)) for seconds in first]
    spent = [[seconds] if gone else [] for seconds, gone in zip(first, hopeless, strict=True)]
    playing = [number for number, gone in enumerate(hopeless) if not gone]
    share = patience.seconds / len(playing)
    turn = 0
    while playing:
        # Each round begins with another contender, so that none always meets the cache of the same one.
        start = turn % len(playing)
        for number in playing[start:] + playing[:start]:
            spent[number].append(seconds_of(calls[number], device))
        turn += 1
        playing = [
            number
            for number in playing
            if turn < patience.least or (turn < patience.most and sum(spent[number]) < share)
        ]
    return spent


SLOW, TIMES_SLOWER = 0.3, 10
"""Hopeless is a first call of more than so many seconds that took so many times as long as the fastest one."""


def seconds_of(call: Callable[[], object], device: torch.device) -> float:
    """How long one call takes."""
    _synchronise(device)
    before = time.perf_counter()
    call()
    _synchronise(device)
    return time.perf_counter() - before


def _synchronise(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
