"""Plugins that become text and JSON, and come back."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import numpy as np
import pytest

from blurbench.contract import Blur, Choice, Quantity, Range
from blurbench.errors import UsageError
from blurbench.registry import Registration, Registry, config, label


class Mode(Enum):
    FAST = "fast"
    SLOW = "slow"


@dataclass(frozen=True)
class Strange(Blur):
    """A blur with parameters of every type that can be written down."""

    path: Path = Path(".")
    text: str = ""
    mode: Mode = Mode.FAST
    limit: float = math.inf
    sigma: Quantity = Range(0, 180)  # noqa: RUF009 - frozen, and the point: nobody coerced it
    weights: tuple[float, ...] = (1, 2)
    sides: tuple[int, ...] = ()


@pytest.fixture
def own() -> Registry:
    registry = Registry()
    registry.add(Registration("blurs", "strange", Strange, "outside", "1"))
    return registry


TEXTS = [
    "/data/photos",
    "/home/a b/c",
    "2024-05-01",
    "12:30:00",
    "true",
    "1e5",
    "inf",
    "nan",
    "",
    " leading",
    "a,b=c|d",
    "br[ack]et{s}",
    "it's",
    'say "so"',
    "back\\slash",
    'both\\"',
    "tab\there",
    "línea",
    "~/x",
    "./x",
    "none",
    "#no comment",
    "unet[kernel=9]",
]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("field", ["text", "path"])
def test_a_label_gives_back_the_plugin_that_it_names(own: Registry, field: str, text: str) -> None:
    plugin = own.resolve("blurs", {"name": "strange", field: text})
    assert own.resolve("blurs", label(own, plugin)) == plugin
    assert own.resolve("blurs", json.loads(json.dumps(config(own, plugin)))) == plugin


@pytest.mark.parametrize("field", ["text", "path"])
def test_a_text_that_reads_as_a_number_is_told_that_it_needs_quotes(own: Registry, field: str) -> None:
    with pytest.raises(UsageError, match=r"\(got 2024\); in quotes it is one"):
        own.resolve("blurs", f"strange[{field}=2024]")
    assert str(getattr(own.resolve("blurs", f'strange[{field}="2024"]'), field)) == "2024"


@pytest.mark.parametrize(
    "plugin",
    [
        Strange(),
        Strange(limit=3),
        Strange(limit=np.float32(3)),
        Strange(limit=-0.0),
        Strange(sigma=2),
        Strange(sigma=Choice((1, 2))),
        Strange(sigma=Range(-0.0, 1)),
        Strange(weights=(3, 4)),
    ],
)
def test_equal_plugins_have_one_config_whoever_made_them(own: Registry, plugin: Strange) -> None:
    written = json.dumps(config(own, plugin), sort_keys=True, allow_nan=False)
    again = own.resolve("blurs", json.loads(written))
    assert again == plugin
    assert json.dumps(config(own, again), sort_keys=True) == written


def test_numbers_of_other_types_and_signs_of_zero_change_neither_key_nor_label(own: Registry) -> None:
    given, other = (
        Strange(limit=0.0, sigma=Range(0, 2)),
        Strange(limit=np.float32(-0.0), sigma=Range(-0.0, np.int64(2))),
    )
    assert json.dumps(config(own, given)) == json.dumps(config(own, other))
    assert label(own, Strange(limit=np.int64(5))) == label(own, Strange(limit=5)) == "strange[limit=5]"


def test_every_installed_plugin_has_the_key_of_its_defaults_however_they_are_written(registry: Registry) -> None:
    for kind, entries in registry.entries.items():
        for name, entry in entries.items():
            if kind == "suites":
                continue
            try:
                given = registry.resolve(kind, name)
            except UsageError:  # it needs a parameter
                continue
            again = registry.resolve(kind, json.loads(json.dumps(config(registry, given))))
            assert json.dumps(config(registry, again)) == json.dumps(config(registry, entry.target())), name  # type: ignore[operator]


def test_whole_numbers_are_shown_as_numbers(own: Registry) -> None:
    assert label(own, Strange(sides=(8, 16))) == "strange[sides=[8, 16]]"
