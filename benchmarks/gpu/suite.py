"""The suite `gpu-standard` through the ordinary session: real files where there are any, else the embedded data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from benchmarks.gpu.job import Job, Step
from benchmarks.gpu.matrix import RESULTS
from blurbench.errors import Unavailable
from blurbench.running.session import Request, Session

__all__ = ["run", "session_of"]

SUITE = "gpu-standard"
BUDGETS = ("standard", "quick")
"""On real files; on what is embedded."""
SEEDS = 3


def run(job: Job) -> None:
    """One step: what it measured lies in the results folder, however far it came."""
    job.take(_steps(job))


def _steps(job: Job) -> Iterator[Step]:
    yield SUITE, lambda: _measured(job)


def _measured(job: Job) -> dict[str, Any]:
    session = session_of(job)
    cells = [cell for cell in session.plan.cells if not cell.skip]
    print(f"{session.board}: {len(cells)} cells, {len(session.outstanding('failed'))} tasks to do", flush=True)
    outcome = session.run("failed")
    states = [record.status for record in session.records.values()]
    return {
        "board": session.board,
        "cells": len(cells),
        "measured": states.count("ok"),
        "failed": [reason for reason in dict.fromkeys(outcome.reasons.values()) if reason][:10],
        "worker_seconds": outcome.seconds,
    }


def session_of(job: Job) -> Session:
    """The session of the first budget that has a data set here."""
    for budget in BUDGETS:
        request = Request(SUITE, budget, job.work / RESULTS, SEEDS, data_dirs=job.data_dirs, device=str(job.device))
        session = Session(request)
        if any(not cell.skip for cell in session.plan.cells):
            return session
    raise Unavailable(f"no data set of the suite {SUITE} is here: {session.plan.cells[0].skip}")
