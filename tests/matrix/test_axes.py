"""What a user keeps of a suite's axes, and adds to them."""

from __future__ import annotations

import pytest

from blurbench.errors import UsageError
from blurbench.matrix.axes import AccuracyAxes, AxisValue
from blurbench.registry import Registry
from tests.builders import accuracy_suite


def classifiers(registry: Registry, *chosen: str) -> list[AxisValue]:
    axes = AccuracyAxes.of(registry, accuracy_suite(registry, "smoke", "quick"), {"classifier": chosen})
    return list(dict.fromkeys(one for part in axes.matrix for one in part.classifiers))


def test_an_expression_after_a_name_is_a_value_called_so(registry: Registry) -> None:
    (value,) = classifiers(registry, "my net=timm[model=resnet18]")
    assert (value.label, value.name) == ("my net", "timm")
    assert value.plugin == registry.resolve("classifiers", "timm[model=resnet18]")
    (unnamed,) = classifiers(registry, "timm[model=resnet18]")
    assert (unnamed.label, unnamed.plugin) == ("timm[model=resnet18]", value.plugin)


def test_what_the_suite_lists_keeps_the_suites_label(registry: Registry) -> None:
    (listed, *_) = classifiers(registry)
    named = classifiers(registry, f"mine={listed.label}")
    assert listed in named
    assert "mine" not in {value.label for value in named}


@pytest.mark.parametrize(
    ("choice", "says"),
    [
        ("vit=timm[model=resnet18]", "the label 'vit' is the name of one of the classifiers; choose another"),
        ("=timm[model=resnet18]", "'' cannot be a name: letters, digits, spaces, dots, hyphens"),
        ("a\x1b[31m=timm[model=resnet18]", "did you mean|unknown|name"),
        ("x" * 81 + "=timm[model=resnet18]", "cannot be a name: letters, digits, spaces, dots, hyphens, at most 80"),
        ("mine=timm[model=resnet18|resnet34]", r"is a grid of 2; one is wanted here"),
        ("mine=tim[model=resnet18]", "tim"),
        ("mine=timm[model=resnet18", "the closing bracket is missing"),
        ("mine=", "mine="),
    ],
)
def test_a_name_that_will_not_do_is_refused_in_one_line(registry: Registry, choice: str, says: str) -> None:
    with pytest.raises(UsageError, match=says) as caught:
        classifiers(registry, choice)
    assert "\n" not in str(caught.value)


def test_two_values_of_one_name_are_refused(registry: Registry) -> None:
    with pytest.raises(UsageError, match="two values of classifier are called 'mine'"):
        classifiers(registry, "mine=timm[model=resnet18]", "mine=timm[model=resnet34]")
