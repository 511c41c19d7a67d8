"""A suite can be read, and every name in it exists."""

from __future__ import annotations

from pathlib import Path

import pytest

from blurbench.registry import Registry
from blurbench.testing.report import Report
from blurbench.testing.suites import check_suite
from tests.running.tiny import write_suite


def test_a_suite_whose_names_exist_has_no_findings(registry: Registry, tmp_path: Path) -> None:
    report = Report("suite 'tiny'")
    check_suite(report, registry, write_suite(tmp_path))
    assert report.findings == []


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("plain", "plane", "did you mean 'plain'"),
        ("budgets.quick", "budget.quick", "budget"),
        ('"digits"', "", "datasets"),
    ],
)
def test_a_misspelt_name_or_key_is_found(registry: Registry, tmp_path: Path, old: str, new: str, says: str) -> None:
    path, report = write_suite(tmp_path), Report("suite 'tiny'")
    path.write_text(path.read_text().replace(old, new))
    check_suite(report, registry, path)
    (line,) = report.findings
    assert says in line
