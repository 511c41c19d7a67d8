"""Seen, unseen severity, unseen family: decided from what blurs are, not from what they are called."""

from __future__ import annotations

import pytest

from blurbench.matrix.exposure import exposure
from blurbench.registry import Registry

MOVE = "chain[steps=[gaussian[sigma=1], diagonal-motion]]"
SENSOR = "chain[steps=[gaussian[sigma=2], gaussian-noise[std=2], round-8bit]]"


@pytest.mark.parametrize(
    ("test", "trained", "expected"),
    [
        ("none", ["none"], "clean"),
        ("gaussian[sigma=2]", ["none"], "unseen family"),
        ("gaussian[sigma=2]", ["gaussian[sigma=2]"], "seen"),
        ("gaussian[sigma=3]", ["gaussian[sigma=2]"], "unseen severity"),
        ("gaussian[sigma=1.5]", ["gaussian[sigma={low=1, high=2}]"], "seen"),
        ("gaussian[sigma={low=1, high=3}]", ["gaussian[sigma={low=1, high=2}]"], "unseen severity"),
        ("gaussian[sigma={low=1, high=2}]", ["gaussian[sigma={choice=[1, 2]}]"], "unseen severity"),
        ("gaussian[sigma={choice=[1, 2]}]", ["gaussian[sigma={choice=[1, 2, 3]}]"], "seen"),
        ("gaussian[sigma={choice=[1, 2]}]", ["gaussian[sigma={choice=[2, 3]}]"], "unseen severity"),
        (MOVE, ["gaussian[sigma=1]"], "unseen family"),
        ("gaussian[sigma=2]", ["gaussian[sigma=2, padding=zeros]"], "unseen severity"),
        (MOVE, [MOVE], "seen"),
        (SENSOR, ["gaussian[sigma=2]"], "seen"),
        (SENSOR, ["gaussian[sigma=3]"], "unseen severity"),
        ("gaussian[sigma=2]", [SENSOR], "seen"),
        ("gaussian-noise[std=2]", ["gaussian[sigma=2]"], "unseen family"),
        ("gaussian-noise[std=2]", ["gaussian-noise[std=1]"], "unseen severity"),
        (SENSOR, [SENSOR], "seen"),
        ("gaussian[sigma=2]", [MOVE, "gaussian[sigma=2]"], "seen"),
    ],
)
def test_exposure(registry: Registry, test: str, trained: list[str], expected: str) -> None:
    met = [registry.resolve("blurs", blur) for blur in trained]
    assert exposure(registry.resolve("blurs", test), met) == expected
