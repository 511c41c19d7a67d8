"""What a suite promises: it can be read, and every name in it exists."""

from __future__ import annotations

from pathlib import Path

from blurbench.errors import BlurbenchError
from blurbench.matrix.suite import load
from blurbench.measurements import MEASUREMENTS
from blurbench.registry import Registry
from blurbench.testing.report import Report

__all__ = ["check_suite"]


def check_suite(report: Report, registry: Registry, path: Path) -> None:
    """Read a suite and look every name up, under each of its budgets."""
    try:
        _look_up(registry, path)
    except BlurbenchError as error:
        report.found(
            str(error), "`blurbench ls KIND -v` lists what can be named; matrix/suite.py opens with an example"
        )


def _look_up(registry: Registry, path: Path) -> None:
    whole = load(path)
    measurement = MEASUREMENTS[whole.measure]
    for budget in whole.budgets:
        for _ in measurement.label_values(registry, whole.under(budget)):
            pass
