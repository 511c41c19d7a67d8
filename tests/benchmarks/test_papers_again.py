"""Published reports of papers, told anew from their JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.papers_again import told_again
from blurbench.papers import markdown
from blurbench.papers.report import to_json

PUBLISHED = sorted(Path("leaderboard/papers").glob("*.json"))


@pytest.mark.parametrize("path", PUBLISHED, ids=lambda path: path.name)
def test_published_reports_are_what_todays_rules_make_of_them(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    report = told_again(text)
    picture = path.with_suffix(".png")

    assert to_json(report) == text
    assert markdown.render(report, (picture.name,) if picture.exists() else ()) == path.with_suffix(".md").read_text()


def test_a_report_of_before_seeds_were_part_of_verdicts_decides_nothing_by_one() -> None:
    content = json.loads(Path("leaderboard/papers/dicosola2020.small.json").read_text(encoding="utf-8"))
    content["schema_version"] = 1
    for claim in content["claims"]:
        for row in claim["comparisons"]:
            del row["seeds"], row["cut_short"]

    report = told_again(json.dumps(content))

    assert {claim.verdict for claim in report.claims} == {"undecided: one seed"}
