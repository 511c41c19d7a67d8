"""What `run`, `plan` and `leaderboard` do for a suite of estimators."""

from __future__ import annotations

import sys
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import typer

from blurbench.board.publish import write_board
from blurbench.errors import shortened
from blurbench.results.store import FOREIGN
from blurbench.running.session import AnySession, Request, Rerun

if TYPE_CHECKING:
    from blurbench.running.estimation_session import EstimationSession

__all__ = [
    "estimation_session",
    "plan_estimators",
    "run_estimators",
    "unusable_records",
]


def estimation_session(request: Request) -> EstimationSession | None:
    """The session of a suite of estimators, or None where the request names another suite."""
    from blurbench.registry.discovery import discover
    from blurbench.suites.estimation import find_estimation

    suite = find_estimation(discover(), request.suite)
    if suite is None:
        return None
    from blurbench.running.estimation_session import EstimationSession

    return EstimationSession(request, suite)


def plan_estimators(session: EstimationSession) -> None:
    """Say what a run would do."""
    cells, tasks = session.plan.cells, session.outstanding("missing")
    kinds = Counter(task.kind for task in tasks.values())
    stored = Counter(record.status for record in session.records.values())
    skipped = Counter(cell.skip for cell in cells if cell.skip)
    typer.echo(f"{session.suite.name} version {session.suite.version}, budget {session.budget.name}")
    counts = f"{stored['ok']} measured, {kinds['estimation']} to measure, {skipped.total()} skipped"
    typer.echo(f"  {len(cells)} cells: {counts}")
    for reason, count in skipped.most_common():
        typer.echo(f"    {count} x {reason}")
    typer.echo(f"  to fit: {kinds['estimator']} estimators")


def run_estimators(session: EstimationSession, rerun: Rerun) -> None:
    """Measure what is missing and write the board."""
    from blurbench.board.outcomes import stored_estimates
    from blurbench.board.render.estimators import summary

    began = time.perf_counter()
    for problem in session.registry.problems:
        print(f"blurbench: {problem}", file=sys.stderr)
    _announce(session, rerun)
    outcome = session.run(rerun)
    if any(record.status == "ok" for record in session.records.values()):
        _, paths = write_board(session.store, session.board)
        typer.echo(summary(stored_estimates(session.store, session.board)) + "\n")
    else:
        paths = []
        print("blurbench: nothing could be measured; `blurbench status` says why", file=sys.stderr)
    phases = sorted(outcome.seconds.items(), key=lambda item: -item[1])
    spent = ", ".join(f"{phase} {seconds:.0f} s" for phase, seconds in phases)
    typer.echo(
        f"Took {time.perf_counter() - began:.0f} s" + (f"; the workers spent, added up: {spent}." if spent else ".")
    )
    if paths:
        typer.echo("\n".join(["Written:", *(f"  {path}" for path in paths)]))
    failed = Counter(
        (record.status, record.reason, record.log)
        for record in session.records.values()
        if record.status in ("failed", "blocked")
    )
    for (status, reason, log), count in failed.items():
        where = f" (log: {session.store.root / log})" if log else ""
        print(f"{count} cell{'s' * (count > 1)} {status}: {reason}{where}", file=sys.stderr)
    if failed:
        print("`--rerun failed` tries them again.", file=sys.stderr)
    if failed or not paths:
        raise typer.Exit(1)


def unusable_records(session: AnySession[Any]) -> list[str]:
    """What `run` says of stored records that it cannot use."""
    lines = []
    if damaged := len(session.damaged):
        what = "record is" if damaged == 1 else "records are"
        lines.append(f"{damaged} stored {what} damaged or changed: measured again")
    if foreign := sorted(session.foreign):
        files = "a record" if len(foreign) == 1 else f"{len(foreign)} records"
        lines.append(f"{files} ({session.shelf.record_path(foreign[0])}{', ...' * (len(foreign) > 1)}) {FOREIGN}")
    return lines


def _announce(session: EstimationSession, rerun: Rerun) -> None:
    tasks = session.outstanding(rerun)
    kinds = Counter(task.kind for task in tasks.values())
    skipped = Counter(cell.skip for cell in session.plan.cells if cell.skip)
    print(
        f"{session.suite.name}, budget {session.budget.name}: {len(session.plan.cells)} cells, "
        f"{kinds['estimation']} to measure, {kinds['estimator']} estimators to fit, "
        f"{skipped.total()} cannot be had here",
        file=sys.stderr,
        flush=True,
    )
    for line in unusable_records(session):
        print(f"  {line}", file=sys.stderr, flush=True)
    for reason, count in skipped.most_common(5):
        print(f"  {count} cells: {shortened(reason, 200)}", file=sys.stderr, flush=True)
