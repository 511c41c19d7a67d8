"""`blurbench plan`: what a run would do, without doing it."""

from __future__ import annotations

from collections import Counter

import typer

from blurbench.cli import options
from blurbench.cli.estimation import estimation_session, plan_estimators
from blurbench.running.session import Request, Session

__all__ = ["plan"]


@options.selecting
def plan(request: Request) -> None:
    """Say how many cells and artifacts a run has, what is stored already, and about how long the rest takes here."""
    if (estimators := estimation_session(request)) is not None:
        plan_estimators(estimators)
        return
    from blurbench.running.estimate import estimate

    session = Session(request)
    tasks = session.outstanding("missing")
    cells = session.plan.cells
    kinds = Counter(task.kind for task in tasks.values())
    skipped = Counter(cell.skip for cell in cells if cell.skip)
    stored = Counter(
        session.records[cell.key].status for cell in cells if cell.key in session.records and not cell.skip
    )
    typer.echo(f"{session.suite.name} version {session.suite.version}, budget {session.budget.name}")
    counts = f"{stored['ok']} measured, {kinds['cell']} to measure, {sum(skipped.values())} skipped"
    typer.echo(f"  {len(cells)} cells: {counts}")
    if failed := stored.total() - stored["ok"]:
        typer.echo(f"    {failed} failed, were blocked or skipped before; `run --rerun failed` tries them again")
    for reason, count in skipped.most_common():
        typer.echo(f"    {count} x {reason}")
    typer.echo(f"  to fit: {kinds['restorer']} restorers, {kinds['predictor']} predictors; {kinds['timing']} timings")
    if tasks:
        needed = estimate(session, tasks)
        typer.echo(
            f"  about {needed.minutes:.0f} minutes with {needed.workers} workers, {needed.disk_mib:.0f} MiB of disk"
        )
        typer.echo(f"  ({needed.basis})")
