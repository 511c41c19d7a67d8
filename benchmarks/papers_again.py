"""Tells published reports of papers anew, from their JSON: nothing is measured, no record is read.

    python benchmarks/papers_again.py leaderboard/papers/*.json

What was measured stays as it is; verdicts are drawn by today's rule, with the words that the installed paper has for
it. Reports of before version 2 do not hold the seeds of a difference, so those are taken from their table of sizes.
"""

from __future__ import annotations

import json
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from blurbench.papers import markdown
from blurbench.papers.paper import ReportedPaper
from blurbench.papers.report import Judged, Report, from_content, to_json
from blurbench.registry.discovery import discover

NOTE = (
    "Told anew from its JSON: its verdicts are by today's rule. Its records do not say whether fits were still "
    "improving, so a verdict may be more certain than it should be."
)


def told_again(text: str) -> Report:
    """The report that a JSON file holds, its claims by the rules of the installed paper."""
    content = json.loads(text)
    if content.pop("schema_version") < 2:
        sizes = {size["what"]: size for size in content["sizes"]}
        _add_seeds(content, sizes["seeds"]["here"])
        _count_patches(sizes)
        content["notes"].append(NOTE)
    report = from_content(content)
    paper: ReportedPaper[Any] = discover().resolve("papers", report.name)
    rules = paper.claims()
    return replace(report, claims=tuple(_by_rule(claim, rules[claim.id]) for claim in report.claims))


def _add_seeds(content: dict[str, Any], said: str) -> None:
    (seeds,) = re.findall(r"^\d+", said)
    for claim in content["claims"]:
        for row in claim["comparisons"]:
            row["seeds"] = None if "blurry MSE" in row["name"] else int(seeds)  # no fit has a part in that


def _count_patches(sizes: dict[str, Any]) -> None:
    """Of reports on estimators, which said `all` of the pictures that patches were cut from."""
    patches = re.findall(r"patches=(\d+)", sizes.get("estimators", {}).get("here", ""))
    if patches and sizes["training images"]["here"] == "all":
        shown = int(patches[0]) * int(sizes["epochs"]["here"])
        sizes["training images"]["here"] = f"patches of all pictures, {shown:,} shown in a fit"


def _by_rule(claim: Judged, rule: Any) -> Judged:
    return replace(claim, rule=rule.rule, in_paper=rule.in_paper, reason=rule.reason)


def main(paths: list[Path]) -> None:
    """Write each report again where it lies."""
    for path in paths:
        report = told_again(path.read_text(encoding="utf-8"))
        pictures = (path.with_suffix(".png").name,) if path.with_suffix(".png").exists() else ()
        path.with_suffix(".md").write_text(markdown.render(report, pictures), encoding="utf-8")
        path.write_text(to_json(report), encoding="utf-8")
        print(path.with_suffix(".md"), *(f"{claim.id}: {claim.verdict}" for claim in report.claims), sep="\n  ")


if __name__ == "__main__":
    main([Path(name) for name in sys.argv[1:]])
