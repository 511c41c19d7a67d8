"""`blurbench plan`: what a run would do, without doing it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING

import typer

from blurbench.cli import options
from blurbench.cli.estimation import estimation_session, plan_estimators
from blurbench.errors import shortened
from blurbench.running.session import Request, Session

if TYPE_CHECKING:  # torch: not for --help
    from blurbench.running.estimation_session import EstimationSession
    from blurbench.running.forecast import Forecast

__all__ = ["plan", "span"]


@options.selecting
def plan(request: Request) -> None:
    """Say how many cells and artifacts a run has, what is stored already, and about how long the rest takes here."""
    if (estimators := estimation_session(request)) is not None:
        plan_estimators(estimators)
        _tell_of_estimators(estimators)
        return
    from blurbench.running.forecast import forecast

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
    restorers, predictors, timings = (_counted(kinds[kind], kind) for kind in ("restorer", "predictor", "timing"))
    typer.echo(f"  to fit: {restorers}, {predictors}; {timings}")
    if tasks:
        _tell(lambda: forecast(session, tasks))


def _tell_of_estimators(session: EstimationSession) -> None:
    from blurbench.running.forecast_estimators import forecast_estimators

    if not (tasks := session.outstanding("missing")):
        return
    _tell(lambda: forecast_estimators(session, tasks))


def _tell(ask: Callable[[], Forecast | None]) -> None:
    try:
        needed = ask()
    except Exception as error:  # a plugin's own: the run will say more of it
        reason = f"{type(error).__name__}: {shortened(str(error))}"
        typer.echo(f"  how long it takes is not known: a trial of the networks failed: {reason}")
        return
    if needed is None:
        typer.echo("  how long it takes is not known: an estimator does not tell, and was not fitted here before")
        return
    typer.echo(f"  {span(needed.minutes)} with {_counted(needed.workers, 'worker')}, {needed.disk_mib:.0f} MiB of disk")
    typer.echo(f"  ({needed.basis})")


def span(minutes: float) -> str:
    if minutes < 1:
        return "less than a minute"
    return f"about {minutes:.0f} minutes" if minutes < 180 else f"about {minutes / 60:.0f} hours"


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
