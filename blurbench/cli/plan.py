"""`blurbench plan`: what a run would do, without doing it."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

import typer

from blurbench.cli import options
from blurbench.errors import UsageError, counted, shortened
from blurbench.matrix.tasks import Evaluate, Fit, Task, TimePipeline
from blurbench.running.session import Request, Session

__all__ = ["plan"]


@options.selecting
def plan(
    request: Request,
    workers: Annotated[
        int | None, typer.Option(min=1, max=10_000, help="Say how long it takes with so many workers like ours here.")
    ] = None,
    gpus: Annotated[int, typer.Option(min=0, max=10_000, help="And with so many GPUs beside them.")] = 0,
    gpu_speed: Annotated[
        float | None, typer.Option(min=0.01, max=10_000, help="With --gpus: how many of our workers a GPU is worth.")
    ] = None,
) -> None:
    """Say how many cells and artifacts a run has, what is stored already, and about how long the rest takes here."""
    if bool(gpus) != (gpu_speed is not None):
        raise UsageError(
            "--gpus N and --gpu-speed X go together: how many workers a GPU is worth depends on the networks; "
            "a short `blurbench run --device cuda` beside one with `--device cpu` says it"
        )
    session = Session(request)
    cells, tasks = session.plan.cells, session.outstanding("missing")
    skipped = Counter(cell.skip for cell in cells if cell.skip)
    stored = Counter(
        session.records[cell.key].status for cell in cells if cell.key in session.records and not cell.skip
    )
    measured = sum(isinstance(task, Evaluate) for task in tasks.values())
    typer.echo(f"{session.suite.name} version {session.suite.version}, budget {session.budget.name}")
    counts = f"{stored['ok']} measured, {measured} to measure, {sum(skipped.values())} skipped"
    typer.echo(f"  {len(cells)} cells: {counts}")
    if failed := stored.total() - stored["ok"]:
        typer.echo(f"    {failed} failed, were blocked or skipped before; `run --rerun failed` tries them again")
    for reason, count in skipped.most_common():
        typer.echo(f"    {count} x {reason}")
    fits = Counter(task.kind for task in tasks.values() if isinstance(task, Fit))
    timings = sum(isinstance(task, TimePipeline) for task in tasks.values())
    to_fit = ", ".join(counted(count, kind) for kind, count in sorted(fits.items(), reverse=True)) or "nothing"
    typer.echo(f"  to fit: {to_fit}; {counted(timings, 'timing')}")
    if tasks:
        _tell(session, tasks, workers, gpus, gpu_speed or 1.0)


def _tell(session: Session, tasks: dict[str, Task], workers: int | None, gpus: int, gpu_speed: float) -> None:
    from blurbench.board.render.formatting import duration
    from blurbench.running.forecast import forecast

    try:
        needed = forecast(session, tasks, workers, gpus, gpu_speed)
    except Exception as error:  # a plugin's own: the run will say more of it
        reason = f"{type(error).__name__}: {shortened(str(error))}"
        typer.echo(f"  how long it takes is not known: a trial of the networks failed: {reason}")
        return
    if needed is None:
        typer.echo("  how long it takes is not known: an estimator does not tell, and was not fitted here before")
        return
    hands = counted(needed.workers, "worker") + (f" and {counted(needed.gpus, 'GPU')}" if needed.gpus else "")
    work = duration(3600 * needed.worker_hours, "worker-")
    about = "about " * (needed.minutes >= 1 / 60) + duration(60 * needed.minutes)
    typer.echo(f"  {about} with {hands} ({work}), {needed.disk_mib:.0f} MiB of disk")
    typer.echo(f"  ({needed.basis})")
