"""A finding is one line, once, and what cannot be checked is no finding."""

from __future__ import annotations

import pytest

from blurbench.errors import PluginError, Skip, Unavailable, UsageError
from blurbench.testing.report import Report


def test_a_broken_promise_is_noted_once_however_often_it_is_met() -> None:
    report = Report("blur 'x'")
    assert not report.expect(False, "two\nlines", "mend them")
    assert report.expect(True, "nothing", "")
    report.found("two\nlines", "mend them")
    assert report.findings == ["two lines; mend them"]


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (Skip("not on one channel"), "build(): not on one channel"),
        (Unavailable("no files"), "build(): no files"),
        (UsageError("too large"), "build(): it was refused: too large"),
    ],
)
def test_what_a_plugin_declines_is_left_out(error: Exception, says: str) -> None:
    report = Report("x")
    with report.trying("build()"):
        raise error
    assert (report.findings, report.unchecked) == ([], [says])


def test_whatever_else_it_raises_is_a_finding_that_names_the_place() -> None:
    report = Report("x")
    with report.trying("build()"):
        raise KeyError("width")
    with report.trying("build()"):
        raise PluginError("gave None")
    raised, wrong = report.findings
    assert raised.startswith("build() raised KeyError: 'width' (test_report.py:")
    assert wrong.startswith("build(): gave None; ")
