"""Plugins in which exactly one thing is wrong, and what is to be said of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from blurbench.contract import Plugin
from blurbench.testing import report_on

__all__ = ["Faults", "check_found"]


class Faults(list[Any]):
    """Parameters of a test: such a plugin, and a part of the finding."""

    def breaks(self, finding: str) -> Any:
        """A dataclass of a plugin in which exactly this is wrong."""

        def note(cls: type[Plugin]) -> type[Plugin]:
            cls.__doc__ = cls.__doc__ or "Wrong."
            made = dataclass(frozen=True)(cls)
            self.append(pytest.param(made, finding, id=cls.__name__))
            return made

        return note


def check_found(cls: type[Plugin], finding: str) -> None:
    report = report_on(cls)
    assert any(finding in line for line in report.findings), report
    assert all("\n" not in line and "; " in line for line in report.findings)
