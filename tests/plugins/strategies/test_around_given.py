"""Remedies around a network that is given and stays as it is."""

from __future__ import annotations

import pytest

from blurbench.registry import Registry, label


@pytest.mark.parametrize(
    ("asked", "kept"),
    [
        ("plain", "plain"),
        (
            "deblur-then-classify[restorer=wiener]",
            "deblur-then-classify[restorer=wiener, classifier='clean']",
        ),
        ("deblur-then-classify[restorer=unet]", "deblur-then-classify[restorer=unet]"),  # which is fitted
        (
            "tent[base=deblur-then-classify[restorer=unsharp-mask]]",
            "tent[base=deblur-then-classify[restorer=unsharp-mask, classifier='clean']]",
        ),
        ("retrain", "retrain"),
    ],
)
def test_what_need_not_be_fitted_leaves_the_network_as_it_is(registry: Registry, asked: str, kept: str) -> None:
    found = registry.resolve("strategies", asked).around_given()
    assert found == registry.resolve("strategies", kept), label(registry, found)
