"""The suites of the papers: every budget can be looked up, and its blurs are those of the papers."""

from __future__ import annotations

import pytest

from blurbench.matrix.axes import AccuracyAxes
from blurbench.matrix.suite import find
from blurbench.registry import Registry, label
from tests.builders import accuracy_suite

SUITES = ("distortions", "imagenet-blur", "restoration", "restored-digits")
EMBEDDED = {"mnist-5k", "digits", "glyphs", "photo-crops"}


@pytest.mark.parametrize("budget", ["quick", "small", "standard", "paper"])
@pytest.mark.parametrize("name", SUITES)
def test_every_name_of_every_budget_is_known(registry: Registry, name: str, budget: str) -> None:
    axes = AccuracyAxes.of(registry, accuracy_suite(registry, name, budget))

    assert axes.test_blurs[0].label == "none"
    assert all(part.datasets & {dataset.label for dataset in axes.datasets} for part in axes.matrix)


@pytest.mark.parametrize("name", SUITES)
def test_the_quick_budget_needs_no_download(registry: Registry, name: str) -> None:
    axes = AccuracyAxes.of(registry, accuracy_suite(registry, name, "quick"))

    assert {dataset.name for dataset in axes.datasets} <= EMBEDDED


@pytest.mark.parametrize("name", SUITES)
def test_the_paper_budget_takes_the_papers_recipes(registry: Registry, name: str) -> None:
    suite = find(registry, name)

    assert suite.budget("paper").recipes == "paper"
    assert suite.budget("small").recipes == "fast"


def test_four_distortions_have_four_levels_each_and_one_level_in_a_combination(registry: Registry) -> None:
    axes = AccuracyAxes.of(registry, accuracy_suite(registry, "distortions", "standard"))
    labels = {blur.label: label(registry, blur.plugin) for blur in axes.test_blurs}

    assert len(labels) == 17
    assert labels["motion-3"] == "chain[steps=[random-walk-motion[length=3], round-8bit]]"
    assert labels["defocus-1"] == "chain[steps=[defocus[radius=1], round-8bit]]"
    assert labels["noise-4"] == "chain[steps=[gaussian-noise[std=4], round-8bit]]"
    steps = ["random-walk-motion[length=2]", "defocus[radius=2]", "gaussian-noise[std=2]", "round-8bit"]
    assert labels["combined-2"] == f"chain[steps=[{', '.join(steps)}]]"


def test_each_network_learns_on_its_own_data_set_with_all_of_its_layers(registry: Registry) -> None:
    mnist, cifar = AccuracyAxes.of(registry, accuracy_suite(registry, "distortions", "paper")).matrix[:2]

    assert (mnist.classifiers[0].label, mnist.datasets) == ("lenet-mcn", {"mnist"})
    assert (cifar.classifiers[0].label, cifar.datasets) == ("cifar10-quick", {"cifar10"})
    for part, units in ((mnist, 4), (cifar, 5)):
        names = {strategy.label for strategy in part.strategies}
        assert {f"first-n[n={n}]" for n in range(1, units + 1)} < names
        assert {f"first-n[n={n}, on=clean]" for n in range(1, units + 1)} < names


def test_letters_are_fitted_on_emnist_and_glyphs_have_a_name_of_their_own(registry: Registry) -> None:
    axes = AccuracyAxes.of(registry, accuracy_suite(registry, "restored-digits", "small"))
    strategies = {strategy.label: strategy.plugin for strategy in axes.matrix[0].strategies}

    assert registry.name_of(strategies["deblur-unet-letters"].fitted_on) == "emnist-balanced"
    assert registry.name_of(strategies["deblur-unet-glyphs"].fitted_on) == "glyphs"


def test_the_jpeg_copy_is_never_called_cifar10(registry: Registry) -> None:
    for name in ("distortions", "restoration"):
        for dataset in AccuracyAxes.of(registry, accuracy_suite(registry, name, "small")).datasets:
            assert (dataset.name == "imagefolder") == (dataset.label == "cifar10-jpeg")


def test_widths_are_reduced_evenly_where_restorers_are_compared(registry: Registry) -> None:
    axes = AccuracyAxes.of(registry, accuracy_suite(registry, "restoration", "small"))
    restorers = {strategy.label: getattr(strategy.plugin, "restorer", None) for strategy in axes.matrix[0].strategies}

    assert {restorers[name].channels for name in ("resunet-1", "resunet-3")} == {32 // 4}
    assert {restorers[name].filters for name in ("caessc-d22-half", "caessc-d22-half-relu")} == {128 // 4}
    assert restorers["caessc-d30"].filters == 64 // 4
    assert restorers["srn-cifar"].width == restorers["srn-cifar-lstm"].width == 1 / 4
