"""A paper's report as JSON: everything that the markdown shows, and the keys of the records behind it."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from blurbench.papers.report import Judged, Report

__all__ = ["render"]

SCHEMA_VERSION = 2


def render(report: Report) -> str:
    """JSON text, indented, keys in a fixed order."""
    content = asdict(report)
    content["claims"] = [_claim(claim) for claim in report.claims]
    return json.dumps({"schema_version": SCHEMA_VERSION, **content}, indent=1, ensure_ascii=False) + "\n"


def _claim(claim: Judged) -> dict[str, Any]:
    rows = [{**asdict(row), "verdict": row.verdict} for row in claim.comparisons]
    return {**asdict(claim), "verdict": claim.verdict, "measured": len(claim.measured), "comparisons": rows}
