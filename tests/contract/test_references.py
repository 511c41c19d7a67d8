"""Fields of one plugin that hold another."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from blurbench_blurs.gaussian import Gaussian
from pydantic import TypeAdapter

from blurbench.contract import AnyRestorer, Blur, Ref
from blurbench.errors import UsageError
from blurbench.registry import Registration, Registry


@dataclass(frozen=True)
class Twice(Blur):
    """Blurs as another does, twice."""

    inner: Ref[Blur]


@pytest.fixture
def known(registry: Registry) -> Registry:
    """With `twice`."""
    known = Registry({kind: dict(entries) for kind, entries in registry.entries.items()})
    known.add(Registration("blurs", "twice", Twice, "outside", "1"))
    return known


def test_a_name_a_table_and_a_plugin_are_the_same(known: Registry) -> None:
    for inner in ("gaussian[sigma=2]", {"name": "gaussian", "sigma": 2}, Gaussian(2.0)):
        assert known.resolve("blurs", {"name": "twice", "inner": inner}) == Twice(Gaussian(2.0))


def test_a_plugin_of_another_kind_is_none(known: Registry) -> None:
    with pytest.raises(UsageError, match="blur 'twice': inner: unknown blur 'unet'"):
        known.resolve("blurs", "twice[inner=unet]")


def test_a_field_of_no_kind_is_the_authors_mistake() -> None:
    TypeAdapter(Ref[AnyRestorer])
    with pytest.raises(TypeError, match="names no plugin kind"):
        TypeAdapter(Ref[int])
