"""When the time that a run has is over."""

from __future__ import annotations

import math
import os
import time

from blurbench.errors import UsageError

__all__ = ["seconds_left"]

END = "SLURM_JOB_END_TIME"
"""Where Slurm says when it will end a job: seconds since 1970."""

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
    return min(ends) - CLOSING
