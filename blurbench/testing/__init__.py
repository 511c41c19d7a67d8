"""The conformance kit: does a plugin keep every promise of the contract? ::

    from blurbench.testing import check_plugin, parametrize_plugins

    @parametrize_plugins("blurbench_mine")
    def test_keeps_the_contract(plugin):
        check_plugin(plugin)

`check_plugin` takes a class, an object or `kind:expression` ("blurs:gaussian[sigma=2]"), tries it on small real images
for some seconds, and raises AssertionError with a line for each broken promise: what is wrong, and how to mend it.
`report_on` gives the same as an object. `blurbench plugin check PACKAGE` prints it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from blurbench.errors import UsageError
from blurbench.testing.report import Report

if TYPE_CHECKING:
    from blurbench.contract import Plugin
    from blurbench.registry import Registry
    from blurbench.testing.subjects import Subject

__all__ = ["Report", "check_plugin", "parametrize_plugins", "report_on", "subjects_of"]


def check_plugin(plugin: str | type[Plugin] | Plugin | Subject, registry: Registry | None = None) -> Report:
    """Try every promise of the contract. Raises AssertionError with all findings; what could not be checked is in the
    report's `unchecked`."""
    __tracebackhide__ = True
    report = report_on(plugin, registry)
    if report.findings:
        lines = "".join(f"\n- {finding}" for finding in report.findings)
        raise AssertionError(f"{report.who} breaks {len(report.findings)} of its promises:{lines}")
    return report


def report_on(plugin: str | type[Plugin] | Plugin | Subject, registry: Registry | None = None) -> Report:
    """The findings on a plugin, and what could not be checked. Raises UsageError where it cannot be found."""
    from blurbench.testing.checks import check
    from blurbench.testing.subjects import Subject, subject_of

    return check(plugin if isinstance(plugin, Subject) else subject_of(plugin, registry))


def subjects_of(text: str) -> tuple[list[Subject], list[str]]:
    """The plugins of an installed package, a module, a file (`mine.py`) or `kind:expression`, and a line for each that
    could not be loaded. Raises UsageError where there is none."""
    from blurbench.testing.subjects import named

    return named(text)


def parametrize_plugins(package: str, examples: Sequence[str] = ()) -> Any:
    """A mark for a test with the argument `plugin`, which then runs once for each plugin of `package`.

    Give `examples` (`"classifiers:mine[model=small]"`) for plugins with parameters that have no default, or with
    defaults that take long: examples stand in for their plugin.
    """
    import pytest

    from blurbench.testing.subjects import subject_of

    subjects, problems = subjects_of(package)
    if problems:
        raise UsageError("; ".join(problems))
    shown = {example: subject_of(example, subjects[0].registry) for example in examples}
    replaced = {(one.entry.kind, one.entry.name) for one in shown.values()}
    whole = {one.expression: one for one in subjects if (one.entry.kind, one.entry.name) not in replaced} | shown
    return pytest.mark.parametrize("plugin", [pytest.param(one, id=name) for name, one in whole.items()])
