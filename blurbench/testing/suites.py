"""What a suite promises: it can be read, and every name in it exists."""

from __future__ import annotations

from pathlib import Path

from blurbench.errors import BlurbenchError
from blurbench.registry import Registry
from blurbench.suites.axes import Axes
from blurbench.suites.estimation import load_estimation, named_on
from blurbench.suites.suite import load
from blurbench.testing.report import Report

__all__ = ["check_suite"]


def check_suite(report: Report, registry: Registry, path: Path) -> None:
    """Read a suite and look every name up, under each of its budgets."""
    try:
        _look_up(registry, path)
    except BlurbenchError as error:
        report.found(
            str(error), "`blurbench ls KIND -v` lists what can be named; suites/suite.py opens with an example"
        )


def _look_up(registry: Registry, path: Path) -> None:
    if (estimation := load_estimation(path)) is not None:
        for budget in estimation.budgets:
            suite = estimation.under(budget)
            named_on(registry, suite, "estimators", suite.estimators)
            named_on(registry, suite, "datasets", [*suite.fitted_on, *suite.tested_on])
            named_on(registry, suite, "blurs", suite.blurs)
        return
    whole = load(path)
    for budget in whole.budgets:
        Axes.of(registry, whole.under(budget))
