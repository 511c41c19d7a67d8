"""Names and parameters become plugin objects and come back; mistakes are refused in one clear line."""

from __future__ import annotations

import pytest

from blurbench.errors import UnknownName
from blurbench.registry import Registry, config, label


def test_an_expression_and_a_table_mean_the_same(registry: Registry) -> None:
    assert registry.resolve("blurs", "gaussian[sigma=2, padding=wrap]") == registry.resolve(
        "blurs", {"name": "gaussian", "sigma": 2, "padding": "wrap"}
    )


def test_plugins_nest(registry: Registry) -> None:
    chain = registry.resolve("blurs", "chain[steps=[gaussian[sigma=1], none]]")
    assert label(registry, chain) == "chain[steps=[gaussian[sigma=1], none]]"


@pytest.mark.parametrize(
    "expression",
    [
        "gaussian[sigma=2]",
        "gaussian[sigma={low=1, high=2}]",
        "gaussian[sigma={choice=[1, 2, 3]}, size=9]",
        "chain[steps=[gaussian[sigma=2], gaussian-noise[std=2], round-8bit]]",
    ],
)
def test_a_label_gives_the_plugin_again(registry: Registry, expression: str) -> None:
    plugin = registry.resolve("blurs", expression)
    assert registry.resolve("blurs", label(registry, plugin)) == plugin
    assert registry.resolve("blurs", config(registry, plugin)) == plugin


def test_an_unknown_kind_is_refused(registry: Registry) -> None:
    with pytest.raises(UnknownName, match="did you mean 'blurs'"):
        registry.resolve("blur", "none")


def test_an_unknown_name_counts_what_could_not_be_loaded() -> None:
    registry = Registry(problems=["plugin 'x' cannot be imported"])
    with pytest.raises(UnknownName, match=r"none is installed \(1 plugin could not be loaded: see .*plugin list"):
        registry.get("blurs", "x")
