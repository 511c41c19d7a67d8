"""`blurbench run`: measure a suite's matrix and write its leaderboard."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from blurbench.board.publish import write_board
from blurbench.board.separation import FEWEST, next_seeds, sharing
from blurbench.cli import options
from blurbench.cli.slurm import submit
from blurbench.cli.stopping import keeping
from blurbench.errors import UsageError, counted, shortened
from blurbench.matrix.tasks import Evaluate, TimePipeline
from blurbench.registry import named
from blurbench.running.scheduler import Outcome
from blurbench.running.session import Request, Rerun, Session
from blurbench.store.record import Record
from blurbench.store.records import FOREIGN

if TYPE_CHECKING:
    from blurbench.board.schema import RowKey

__all__ = ["measure", "run"]

MOST_SEEDS = 10
"""Of `--until-separated`, where nothing else is said."""


@options.selecting
def run(
    request: Request,
    rerun: Annotated[Rerun, typer.Option(help="What to do again beside what is missing.")] = "missing",
    walltime: Annotated[
        float | None, typer.Option(min=0, help="Minutes that the run has; in a Slurm job, what is left of it.")
    ] = None,
    dask: Annotated[
        str, typer.Option(help="Use Dask's workers: a scheduler's ADDRESS, its scheduler.json, or a cluster.yaml.")
    ] = "",
    slurm: Annotated[
        int | None, typer.Option(min=1, max=10_000, help="Have so many Slurm jobs share the work.")
    ] = None,
    until_separated: Annotated[
        bool, typer.Option("--until-separated", help="Add seeds, from three on, while rows share ranks.")
    ] = False,
    max_seeds: Annotated[
        int | None, typer.Option(min=FEWEST, help="With --until-separated: at most so many [10].")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="With --slurm: print the script, submit nothing.")] = False,
    sbatch: Annotated[list[str] | None, typer.Argument(help="With --slurm, after `--`: options of sbatch.")] = None,
) -> None:
    """Measure a suite: fit what is missing, record every cell, write the leaderboard.

    Nothing that is stored is computed again; an interrupted run goes on where it stopped. Any number of runs on one
    results folder, on any number of machines, share the work.
    """
    request = replace(request, walltime=walltime, dask=dask)
    if max_seeds is not None and not until_separated:
        raise UsageError("--max-seeds is for --until-separated; --seeds N measures N of them")
    if slurm is not None and until_separated:
        raise UsageError("--until-separated looks at the board between rounds, so it is not for --slurm")
    if slurm is not None:
        if dask:
            raise UsageError(
                "--slurm N submits runs of its own; for Dask's workers in Slurm name a SLURMCluster in a cluster.yaml"
            )
        submit(request, rerun, slurm, sbatch or [], dry_run)
        return
    if sbatch or dry_run:
        raise UsageError(f"{'--dry-run' if dry_run else sbatch[0] if sbatch else ''} is for --slurm N")
    measure(request, rerun, (max_seeds or MOST_SEEDS) if until_separated else None)


def measure(request: Request, rerun: Rerun, most_seeds: int | None = None) -> None:
    """Do that; with `most_seeds`, add seeds up to so many while rows share ranks. Raises typer.Exit where something
    failed, when all is written, and where it is interrupted."""
    with keeping(request.out):
        began = time.perf_counter()
        if most_seeds is None:
            _tell(*_round(request, rerun), began)
        else:
            _measure_until_separated(replace(request, seeds=max(FEWEST, request.seeds)), rerun, most_seeds)


def _measure_until_separated(request: Request, rerun: Rerun, most_seeds: int) -> None:
    began, wanted = time.perf_counter(), request
    if (suite := Session(request).suite).measure != "accuracy":
        raise UsageError(f"--until-separated is for suites that rank remedies; {suite.name} does not")
    while True:
        since = time.perf_counter()
        session, outcome = _round(wanted, rerun)
        if outcome.left:
            break
        sharing = _sharing(session)
        told = "; ".join(f"{len(rows)} rows of {shortened(name, 60)}" for name, rows in sharing.items())
        said = f"{told} share ranks" if sharing else "no two rows share a rank"
        print(f"{wanted.seeds} seeds: {said}", file=sys.stderr, flush=True)
        if not sharing or wanted.seeds >= most_seeds:
            break
        if _failures(session):  # more seeds would fail alike, and a row that lacks a seed is not ranked
            break
        left = None if request.walltime is None else max(0.0, request.walltime - (time.perf_counter() - began) / 60)
        only = {**request.only, "classifier": _as_asked(request, sharing)}
        wanted = replace(request, seeds=next_seeds(wanted.seeds, most_seeds), only=only, walltime=left)
        rerun = "missing"
    _tell(session, outcome, since)


def _as_asked(request: Request, labels: Iterable[str]) -> tuple[str, ...]:
    """The classifiers of these labels as the user named them: what is called so on the command line alone is no label
    of the suite's."""
    asked = {named(choice)[0]: choice for choice in request.only.get("classifier", ())}
    return tuple(asked.get(label, label) for label in labels)


def _sharing(session: Session) -> dict[str, list[RowKey]]:
    """The rows that share ranks, by classifier."""
    from blurbench.board.standings import stored_standings  # numpy: not for --help

    board = stored_standings(session.store, session.board)
    asked = dict.fromkeys(cell.labels["classifier"] for cell in session.plan.cells)
    found = {name: sharing(board, name) for name in board.classifiers if name in asked}
    return {name: rows for name, rows in found.items() if rows}


def _round(request: Request, rerun: Rerun) -> tuple[Session, Outcome]:
    """Measure what is missing."""
    session = Session(request)
    for problem in session.registry.problems:
        print(f"blurbench: {problem}", file=sys.stderr)
    _announce(session, rerun)
    return session, session.run(rerun)


def _tell(session: Session, outcome: Outcome, began: float) -> None:
    """Write the board, and say what was measured, what is left and what failed."""
    left = _left(outcome)
    if not any(record.status == "ok" for record in session.records.values()):
        if left:
            print(left, file=sys.stderr)
            return
        why = "blurbench: nothing could be measured; `blurbench status` says why"
        print("\n".join([*_failures(session), why]), file=sys.stderr)
        raise typer.Exit(1)
    summary, paths = write_board(session.store, session.board, always=False)
    typer.echo(summary)
    typer.echo(_account(outcome, time.perf_counter() - began))
    typer.echo("\n".join(["Written:", *(f"  {path}" for path in paths)]))
    if outcome.status:
        _advise(session)
    for remark in dict.fromkeys(outcome.remarks):
        print(f"blurbench: {remark}", file=sys.stderr)
    if left:
        print(left, file=sys.stderr)
    if failures := [*_failures(session), *_untimed(session, outcome)]:
        print("\n".join(failures), file=sys.stderr)
        raise typer.Exit(1)


def _announce(session: Session, rerun: Rerun) -> None:
    cells, tasks = session.plan.cells, session.outstanding(rerun)
    measured = sum(isinstance(task, Evaluate) for task in tasks.values())
    skipped = sum(bool(cell.skip) for cell in cells)
    text = f"{session.suite.name}, budget {session.budget.name}: {len(cells)} cells, {measured} to measure"
    if skipped:
        text += f", {skipped} cannot be had here"
    workers = len(session.slots(len(tasks)))
    if workers and session.dask:
        text += f"; Dask workers of {session.dask.text}"
    elif workers and session.request.jobs == 0:
        text += "; in this process"
    elif workers:
        text += f"; {counted(workers, 'worker')} on {session.device}"
    print(text, file=sys.stderr, flush=True)
    for line in _unusable(session):
        print(f"  {line}", file=sys.stderr, flush=True)
    for reason, count in Counter(cell.skip for cell in cells if cell.skip).most_common(5):
        print(f"  {count} cells: {shortened(reason, 200)}", file=sys.stderr, flush=True)


def _unusable(session: Session) -> list[str]:
    """Of stored records that cannot be used."""
    lines = []
    if damaged := len(session.in_state("damaged")):
        what = "record is" if damaged == 1 else "records are"
        lines.append(f"{damaged} stored {what} damaged or changed: measured again")
    if foreign := sorted(session.in_state("foreign")):
        files = "a record" if len(foreign) == 1 else f"{len(foreign)} records"
        first = session.store.records.path(foreign[0])
        lines.append(f"{files} ({first}{', ...' * (len(foreign) > 1)}) {FOREIGN}")
    return lines


def _account(outcome: Outcome, wall: float) -> str:
    """What took how long."""
    if not outcome.status:
        return f"Nothing to do: every cell that can be had was measured before ({wall:.1f} s)."
    parts = [
        f"{phase} {seconds:.1f} s" for phase, seconds in sorted(outcome.seconds.items(), key=lambda item: -item[1])
    ]
    return f"Took {wall:.0f} s; the workers spent, added up: {', '.join(parts)}."


def _left(outcome: Outcome) -> str:
    """That the time was not enough for all, if it was not."""
    cells = sum(task.cell is not None for task in outcome.left)
    if not outcome.left:
        return ""
    what = f"{cells} cell{'s are' if cells != 1 else ' is'} left" if cells else "some timings are left"
    return f"blurbench: {what} that may not end in the time that this run has; the same command goes on from here"


def _advise(session: Session) -> None:
    """What comes next. Nothing is planned for it: a larger budget's data sets might take long to decode."""
    if session.request.budget == "quick" and "standard" in session.full_suite.budgets:
        typer.echo(
            "`--budget standard` is the whole suite; `blurbench plan` with it says how long that takes here, and which "
            "data sets are missing."
        )


def _failures(session: Session) -> list[str]:
    """One line for each different reason, with the first cell that it is the reason for."""
    groups: dict[tuple[str, str], list[Record]] = {}
    for record in session.records.values():
        if record.status in ("failed", "blocked"):
            groups.setdefault((record.status, record.reason), []).append(record)
    lines = []
    for (status, reason), records in groups.items():
        log = next((f" (log: {session.store.root / record.log})" for record in records if record.log), "")
        first = session.plan.tasks.get(records[0].key)
        named = f" ({first.title}{', ...' * (len(records) > 1)})" if first else ""
        lines.append(f"{counted(len(records), 'cell')} {status}{named}: {reason}{log}")
    return [*lines, "`--rerun failed` tries them again."] if lines else []


def _untimed(session: Session, outcome: Outcome) -> list[str]:
    """Timings that failed: the board then shows no milliseconds, and the next run tries again."""
    failed = [key for key, status in outcome.status.items() if status == "failed"]
    tasks = [session.plan.tasks[key] for key in failed]
    return [f"{task.title} failed: {outcome.reasons[task.key]}" for task in tasks if isinstance(task, TimePipeline)]
