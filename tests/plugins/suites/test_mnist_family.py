"""The default suite: the quick budget keeps its time, the others have controls beside the remedies."""

from __future__ import annotations

import pytest

from blurbench.matrix.axes import AccuracyAxes
from blurbench.registry import Registry
from tests.builders import accuracy_suite

CONTROLS = {"standardise", "longer", "bn-adapt", "tent"}
REMEDIES = {"distil[share=0.5]", "router-gaussians", "joint-unet"}


def rows(registry: Registry, budget: str) -> dict[str, set[str]]:
    """The strategies of each classifier."""
    axes = AccuracyAxes.of(registry, accuracy_suite(registry, "mnist-family", budget))
    return {
        classifier.label: {strategy.label for strategy in part.strategies}
        for part in axes.matrix
        for classifier in part.classifiers
    }


@pytest.mark.parametrize("budget", ["small", "standard"])
def test_controls_stand_beside_the_remedies_and_a_twin_without_batch_norms_beside_the_network(
    registry: Registry, budget: str
) -> None:
    found = rows(registry, budget)
    network, twin, *_ = found
    assert found[network] > CONTROLS | REMEDIES
    assert {"plain", "retrain", "blur-augment"} == found[twin]
    axes = AccuracyAxes.of(registry, accuracy_suite(registry, "mnist-family", budget))
    assert [part.classifiers[0].plugin.norm for part in axes.matrix[:2]] == ["batch", "group"]


def test_the_restorer_that_learns_on_is_the_one_that_stands_before_the_plain_network(registry: Registry) -> None:
    for budget in ("small", "standard"):
        axes = AccuracyAxes.of(registry, accuracy_suite(registry, "mnist-family", budget))
        plugins = {strategy.label: strategy.plugin for strategy in axes.matrix[0].strategies}
        assert plugins["joint-unet"].restorer == plugins["unet-before-plain"].restorer


def test_the_quick_budget_has_none_of_them(registry: Registry) -> None:
    found = rows(registry, "quick")
    assert set(found) == {"cnn3-small", "vit"}
    assert not (CONTROLS | REMEDIES) & set().union(*found.values())
