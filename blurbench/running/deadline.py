"""When the time that a run has is over."""

from __future__ import annotations

import math
import os
import subprocess
import time
from datetime import datetime

from blurbench.errors import UsageError

__all__ = ["seconds_left"]

END, JOB = "SLURM_JOB_END_TIME", "SLURM_JOB_ID"
"""Where Slurm says when it will end a job, in seconds since 1970, and which one. Before version 23 it says the latter
alone."""

CLOSING = 30.0
"""Seconds to write the board in."""


def seconds_left(walltime: float | None = None) -> float:
    """For tasks: of `walltime` minutes from now, or of the Slurm job that this process is part of; infinity without
    either."""
    ends = [math.inf if walltime is None else 60 * walltime]
    if told := os.environ.get(END, ""):
        if not told.isdigit():
            raise UsageError(f"{END} is {told!r}; it is set by Slurm, to seconds since 1970")
        ends.append(int(told) - time.time())
    elif job := os.environ.get(JOB, ""):
        ends.append(_end_of(job) - time.time())
    return min(ends) - CLOSING


def _end_of(job: str) -> float:
    """Seconds since 1970, as Slurm answers; infinity where it does not, or sets none."""
    command = ["squeue", "--noheader", f"--jobs={job}", "--format=%e"]
    try:
        environment = {**os.environ, "SLURM_TIME_FORMAT": "standard"}
        answer = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=20, check=True)
        return datetime.fromisoformat(answer.stdout.strip()).timestamp()
    except (OSError, subprocess.SubprocessError, ValueError):
        return math.inf
