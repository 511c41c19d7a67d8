"""All checks of one plugin: what all kinds promise, then what its kind does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from blurbench.contract import Blur, Classifier, Dataset, Deconvolver, Estimator, Metric, Restorer, Strategy
from blurbench.errors import BlurbenchError
from blurbench.registry import Registry
from blurbench.registry.registry import singular
from blurbench.testing.blurs import check_blur
from blurbench.testing.classifiers import check_classifier
from blurbench.testing.datasets import check_dataset
from blurbench.testing.deconvolvers import check_deconvolver
from blurbench.testing.estimators import check_estimator
from blurbench.testing.guards import undisturbed
from blurbench.testing.imports import check_imports
from blurbench.testing.metrics import check_metric_plugin
from blurbench.testing.parameters import check_parameters
from blurbench.testing.report import Report
from blurbench.testing.restorers import check_restorer
from blurbench.testing.strategies import check_strategy
from blurbench.testing.subjects import Subject
from blurbench.testing.suites import check_suite

__all__ = ["check"]

KINDS: tuple[tuple[type, Callable[[Report, Registry, Any], None]], ...] = (
    (Blur, check_blur),
    (Restorer, check_restorer),
    (Deconvolver, check_deconvolver),
    (Classifier, check_classifier),
    (Strategy, check_strategy),
    (Estimator, check_estimator),
    (Dataset, check_dataset),
    (Metric, check_metric_plugin),
    (Path, check_suite),
)


def check(subject: Subject) -> Report:
    """Try a plugin; nothing that it does raises, and what it does to the process is undone."""
    report = Report(f"{singular(subject.entry.kind)} {subject.entry.name!r}")
    check_imports(report, subject)
    check_parameters(report, subject)
    try:
        plugin = subject.plugin()
    except BlurbenchError as error:
        report.left_out("what it does", f"it cannot be made: {error}")
        return report
    for base, check_kind in KINDS:
        if isinstance(plugin, base):
            with undisturbed(Report("the check"), "it"), report.trying("the check"):
                check_kind(report, subject.registry, plugin)
    return report
