"""Which plugins are meant by a class, an object, an expression, a package or a file."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from blurbench_blurs.gaussian import Gaussian

from blurbench.errors import PluginError, UnknownName, UsageError
from blurbench.registry import Registry
from blurbench.testing.samples import SampleBlur
from blurbench.testing.subjects import named, subject_of


@dataclass(frozen=True)
class Odd(SampleBlur):
    """Some blur with a parameter that has no default."""

    side: int

    def __post_init__(self) -> None:
        if self.side % 2 == 0 or self.side < 5:
            raise UsageError("side must be odd, and 5 at least")


def test_a_class_an_object_and_an_expression_name_the_same_plugin(registry: Registry) -> None:
    subjects = [subject_of(one, registry) for one in (Gaussian, Gaussian(2.0), "blurs:gaussian", "blur:gaussian")]
    assert {one.expression for one in subjects} == {"blurs:gaussian"}
    assert all(one.is_installed for one in subjects)
    assert subjects[1].plugin() == Gaussian(2.0)


def test_a_class_that_is_not_installed_is_named_after_itself_and_gets_a_number_that_it_takes() -> None:
    subject = subject_of(Odd)
    assert (subject.expression, subject.is_installed) == ("blurs:odd", False)
    assert subject.plugin().side == 5


def test_a_package_a_module_and_a_plugin_are_told_apart(registry: Registry) -> None:
    subjects, problems = named("blurbench_blurs.gaussian", registry)
    assert ([one.entry.name for one in subjects], problems) == (["gaussian"], [])
    assert len(named("blurbench", registry)[0]) == len(list(registry))


def test_what_names_no_plugin_is_one_line(registry: Registry) -> None:
    with pytest.raises(UsageError, match="give kind:name, such as blurs:gaussian, or a class"):
        subject_of("gaussian", registry)
    with pytest.raises(UnknownName, match="unknown kind of plugin 'blors'; did you mean 'blurs'"):
        subject_of("blors:gaussian", registry)
    with pytest.raises(UsageError, match="int derives from no class of"):
        subject_of(int, registry)  # type: ignore[arg-type]
    with pytest.raises((UnknownName, PluginError), match="'blurbench_blors'; did you mean 'blurbench"):
        named("blurbench_blors", registry)
