"""The same run twice gives the same records, and a run with nothing to do does nothing."""

from __future__ import annotations

import resource
import shutil
import sys
from pathlib import Path

import pytest

from tests.conftest import Command
from tests.running.tiny import differences, records, write_suite

pytestmark = pytest.mark.processes


def test_the_smoke_suite_run_again_gives_the_same_records_with_any_number_of_workers(
    blurbench: Command, smoked: Path, tmp_path: Path
) -> None:
    first = records(smoked)
    assert {record["status"] for record in first.values()} == {"ok"}
    for jobs in ("1", "3"):
        result = blurbench("run", "--suite", "smoke", "--out", jobs, "-j", jobs)
        assert result.returncode == 0, result.stderr
        assert not differences(first, records(tmp_path / jobs))


def test_the_order_of_the_cells_changes_no_record(blurbench: Command, tmp_path: Path) -> None:
    blurs = ("none", "gaussian[sigma=2]")
    for out, tested in (("one", blurs), ("two", blurs[::-1])):
        suite = write_suite(tmp_path, ("plain", "deblur-then-classify[restorer=wiener]"), tested)
        result = blurbench("run", "--suite", str(suite), "--out", out, "-j", "0")
        assert result.returncode == 0, result.stderr
    one, two = records(tmp_path / "one"), records(tmp_path / "two")
    assert not differences(one, two)
    assert len({record["result"]["cost"]["macs"] for record in one.values()}) == 3  # plain, and Wiener for each blur


def test_a_warm_run_measures_nothing_imports_no_torch_and_writes_the_same_bytes(
    fresh: Command, smoked: Path, tmp_path: Path
) -> None:
    shutil.copytree(smoked, tmp_path / "blurbench-results")
    before = {path: path.read_bytes() for path in (tmp_path / "blurbench-results").rglob("*") if path.is_file()}
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\n"
        "class Refuse:\n"
        "    def find_spec(self, name, *rest):\n"
        "        if name == 'torch': raise ImportError('a warm run imports no torch')\n"
        "sys.meta_path.insert(0, Refuse())\n"
    )
    before_it = _processor_seconds()
    result = fresh("run", "--suite", "smoke", PYTHONPATH=str(tmp_path))
    assert result.returncode == 0, result.stderr
    assert _processor_seconds() - before_it < 4, sys.version  # 2 s of a quiet machine
    assert "Nothing to do" in result.stdout
    after = {path: path.read_bytes() for path in before}
    assert after == before


def _processor_seconds() -> float:
    """Of processes that this one started and that have ended; other work on the machine is not counted."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
