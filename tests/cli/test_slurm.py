"""`blurbench run --slurm N`: one command, several jobs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Command
from tests.running.tiny import RESULTS, differences, records, write_suite

SBATCH = """#!/bin/sh
# An array of jobs, one after the other, as a cluster of one machine would run them.
grep -q '^#SBATCH --array=1-2$' "$1" || exit 3
for task in 1 2; do
    SLURM_ARRAY_JOB_ID=7 SLURM_ARRAY_TASK_ID=$task sh "$1" || exit 4
done >> sbatch.log 2>&1
echo Submitted batch job 7
"""


def test_slurm_jobs_share_the_work_of_one_command(
    blurbench: Command, tmp_path: Path, undisturbed: dict[str, Any]
) -> None:
    suite = write_suite(tmp_path)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "sbatch").write_text(SBATCH)
    (tmp_path / "bin" / "sbatch").chmod(0o755)
    path = f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"
    command = ("run", "--suite", str(suite), "-j", "0", "--slurm", "2")
    shown = blurbench(*command, "--dry-run", "--", "--time=60", "--partition=gpu")
    assert shown.returncode == 0, shown.stderr
    assert "#SBATCH --array=1-2\n" in shown.stdout
    assert "#SBATCH --time=60 --partition=gpu\n" in shown.stdout
    assert not (tmp_path / RESULTS / "records").exists() or records(tmp_path / RESULTS) == {}
    sent = blurbench(*command, PATH=path)
    assert sent.returncode == 0, sent.stderr + (tmp_path / "sbatch.log").read_text()
    assert sent.stdout == "Submitted batch job 7\n"
    found = records(tmp_path / RESULTS)
    assert {record["provenance"].pop("job") for record in found.values()} <= {"7_1", "7_2"}
    assert not differences(found, undisturbed)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (
            ("--slurm", "2"),
            "there is no sbatch on this machine; --dry-run prints the script, for a machine that has it",
        ),
        (("--dry-run",), "--dry-run is for --slurm N"),
        (("--", "--time=5"), "--time=5 is for --slurm N"),
    ],
)
def test_what_cannot_be_submitted_is_one_line(
    blurbench: Command, tmp_path: Path, arguments: tuple[str, ...], says: str
) -> None:
    result = blurbench("run", "--suite", str(write_suite(tmp_path)), *arguments, PATH=str(tmp_path))
    assert (result.returncode, result.stderr) == (2, f"blurbench: {says}\n")
