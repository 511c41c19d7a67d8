"""Gains are paired, rows that cannot be told apart are marked, and a board says what it rests on."""

from __future__ import annotations

import csv
import re
import shutil
from collections import Counter
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import norm, t

from tests.promises.conftest import Script, Witnessed

Rows = list[dict[str, str]]


def _rows(run: Witnessed) -> Rows:
    """The rows of the board's CSV file, but for those of the baseline."""
    return [row for row in csv.DictReader(StringIO(run.board(".csv"))) if row["is_baseline"] == "no"]


def _pair(run: Witnessed, row: dict[str, str]) -> tuple[np.ndarray, np.ndarray]:
    """Hits (seeds, images) of a row and of the baseline of its block, from the record files."""
    block = ("dataset", "classifier", "test_blur")
    (plain,) = [
        other
        for other in csv.DictReader(StringIO(run.board(".csv")))
        if other["is_baseline"] == "yes" and all(other[axis] == row[axis] for axis in block)
    ]
    return _hits(run, row), _hits(run, plain)


def _hits(run: Witnessed, row: dict[str, str]) -> np.ndarray:
    images = [run.record(key)["images"] for key in row["keys"].split()]
    return np.array([np.equal(one["label"], one["predicted"]) for one in images]).astype(float)


def _interval(difference: np.ndarray) -> tuple[float, float, float]:
    """Mean and 95% interval by the analysis of variance of `difference` (seeds, images), written out with loops: an
    image won and one lost are added (Bonett and Price), images count by the normal, seeds by Student's quantile."""
    seeds, estimate = len(difference), difference.mean()
    y = np.concatenate([difference, np.ones((seeds, 1)), -np.ones((seeds, 1))], axis=1)
    n, grand = y.shape[1], y.mean()
    if seeds == 1:
        half = norm.ppf(0.975) * np.sqrt(y.var() / n)
    else:
        a = seeds * sum((column.mean() - grand) ** 2 for column in y.T) / (n - 1)
        b = n * sum((row.mean() - grand) ** 2 for row in y) / (seeds - 1)
        rest = sum((y[s, i] - y[s].mean() - y[:, i].mean() + grand) ** 2 for s in range(seeds) for i in range(n)) / (
            (n - 1) * (seeds - 1)
        )
        images, between = max(a - rest, 0) / (seeds * n), b / (seeds * n)
        half = np.sqrt(norm.ppf(0.975) ** 2 * images + t.ppf(0.975, seeds - 1) ** 2 * between)
    return estimate, max(-1, min(estimate, grand - half)), min(1, max(estimate, grand + half))


def test_gains_and_their_intervals_are_of_differences_image_by_image_and_seed_by_seed(witnessed: Witnessed) -> None:
    rows = _rows(witnessed)
    assert len(rows) == 10
    for row in rows:
        own, plain = _pair(witnessed, row)
        assert len(own) == len(plain) == 2
        wanted = _interval(own - plain)
        assert [float(row[name]) for name in ("gain", "gain_low", "gain_high")] == pytest.approx(wanted, abs=2e-6)
        by_seed = " ".join(f"{seed}:{gain:.6f}" for seed, gain in enumerate((own - plain).mean(axis=1)))
        assert row["gain_by_seed"] == by_seed


def test_rows_of_nearly_equal_accuracy_may_disagree_on_most_images(witnessed: Witnessed) -> None:
    # So that the test above would see whether gains are paired.
    one, other = (_hits(witnessed, row) for row in _rows(witnessed)[:2])
    assert abs(one.mean() - other.mean()) < 0.02
    assert (one != other).mean() > 0.5


def test_oracles_rank_apart(witnessed: Witnessed) -> None:
    for row in _rows(witnessed):
        assert row["is_oracle"] == ("yes" if row["strategy"] == "witness[told=true]" else "no")
        assert (row["rank"] == "") == (row["is_oracle"] == "yes")
        assert row["knows"] == ("true PSF" if row["is_oracle"] == "yes" else "training blur")


# --- the smoke suite: one seed ---------------------------------------------------------------------------------------


@pytest.fixture
def smoke(smoked: Path) -> Witnessed:
    return Witnessed(smoked, [], "")


def test_with_one_seed_an_interval_speaks_of_images_only_and_the_board_says_so(smoke: Witnessed) -> None:
    assert "One seed: intervals are 95%, over images only" in smoke.board(".md")
    assert "One seed" in smoke.board(".html")
    for row in _rows(smoke):
        own, plain = _pair(smoke, row)
        assert len(own) == len(plain) == 1
        wanted = _interval(own - plain)
        assert [float(row[name]) for name in ("gain", "gain_low", "gain_high")] == pytest.approx(wanted, abs=2e-6)


def test_what_cannot_be_told_from_no_change_is_marked(smoke: Witnessed) -> None:
    rows = [row for row in _rows(smoke) if row["test_blur"] == "gaussian-2"]
    found = set()
    for row in rows:
        (clean,) = {
            match for line in smoke.board(".md").splitlines() if _is_of(line, row) for match in CHANGE.findall(line)
        }
        told = not float(row["clean_change_low"]) <= 0 <= float(row["clean_change_high"])
        assert clean.startswith("(~") != told
        found.add(told)
    assert found == {True, False}


CHANGE = re.compile(r"\(~?[+-][0-9.]+\)")
"""How much less of the clean images a row gets right."""


def _is_of(line: str, row: dict[str, str]) -> bool:
    top1 = f"{100 * float(row['top1']):.1f} [{100 * float(row['top1_low']):.1f}, {100 * float(row['top1_high']):.1f}]"
    return f"| {row['strategy']} " in line and f"| {top1} " in line


def test_the_board_names_the_machine_of_its_milliseconds_and_the_command_that_repeats_it(smoke: Witnessed) -> None:
    text = smoke.board(".md")
    assert re.search(r"^- Milliseconds: cpu, 1 thread, \S", text, re.MULTILINE)
    assert "    blurbench run --suite smoke" in text


# --- what never shares a table ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("change", ["budget", "version"])
def test_another_budget_or_version_measures_anew_for_a_board_of_its_own(
    change: str, witnessed: Witnessed, python: Script, tmp_path: Path
) -> None:
    shutil.copytree(witnessed.folder, tmp_path / "blurbench-results")
    before = {path.name: path.read_bytes() for path in (tmp_path / "blurbench-results/boards").iterdir()}
    suite = (witnessed.folder.parent / "witness.toml").read_text()
    limit = ["--limit", "40"] if change == "budget" else []
    (tmp_path / "witness.toml").write_text(suite if limit else suite.replace("version = 1", "version = 2"))
    chosen = ["--suite", "witness.toml", "--strategy", "plain", "--test-blur", "none", "-j", "1", *limit]
    done = python(tmp_path, "-c", "from blurbench.cli import main; main()", "run", *chosen)
    assert done.returncode == 0, done.stderr
    after = {path.name: path.read_bytes() for path in (tmp_path / "blurbench-results/boards").iterdir()}
    assert {name: after[name] for name in before} == before
    assert len(after) == 2 * len(before)
    count = len(list((tmp_path / "blurbench-results/records").rglob("*.json")))
    assert count == (25 if limit else 24)  # the budget is part of what a record is; the suite's version is not


def test_rows_are_flagged_by_what_their_records_say(witnessed: Witnessed) -> None:
    for row in csv.DictReader(StringIO(witnessed.board(".csv"))):
        records = [witnessed.record(key) for key in row["keys"].split()]
        improving = any(record["cost"].get("still_improving") for record in records)
        shares = [max(Counter(one["images"]["predicted"]).values()) / one["metrics"]["n"] for one in records]
        assert ("fit still improving" in row["flags"]) == improving
        assert ("predicts one class" in row["flags"]) == (max(shares) > 0.9)
        sharp = [witnessed.records(row["strategy"], "none")[seed]["metrics"]["top1"] for seed in (0, 1)]
        labels = Counter(records[0]["images"]["label"])
        chance = max(labels.values()) / labels.total()
        assert ("near chance on sharp images" in row["flags"]) == (np.mean(sharp) < chance + 0.1 * (1 - chance))
