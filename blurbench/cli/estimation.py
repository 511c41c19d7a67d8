"""What `run`, `plan` and `leaderboard` do for a suite of estimators."""

from __future__ import annotations

import re
import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from blurbench.errors import UsageError, shortened
from blurbench.results.store import Store, write_atomically
from blurbench.running.session import Request, Rerun

if TYPE_CHECKING:
    from blurbench.board.estimators import Line
    from blurbench.results.estimation import Board, Estimation
    from blurbench.running.estimation_session import EstimationSession

__all__ = [
    "estimation_session",
    "estimations_of",
    "plan_estimators",
    "publish_estimations",
    "publish_json",
    "run_estimators",
]

ROWS = 6
"""Estimators in one picture, the best ones."""


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
    from blurbench.board.estimators import summary

    began = time.perf_counter()
    for problem in session.registry.problems:
        print(f"blurbench: {problem}", file=sys.stderr)
    _announce(session, rerun)
    outcome = session.run(rerun)
    if any(record.status == "ok" for record in session.records.values()):
        paths = publish_estimations(session.store, session.board, session.store.root / "boards")
        typer.echo(summary(_stored(session.store, session.board)[1]) + "\n")
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


def damaged_records(count: int) -> str:
    """What `run` says of them."""
    return f"{count} stored record{' is' if count == 1 else 's are'} damaged or changed: measured again"


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
    if damaged := len(session.damaged):
        print(f"  {damaged_records(damaged)}", file=sys.stderr, flush=True)
    for reason, count in skipped.most_common(5):
        print(f"  {count} cells: {shortened(reason, 200)}", file=sys.stderr, flush=True)


def publish_estimations(store: Store, name: str, folder: Path) -> list[Path]:
    """Write a board of estimators into `folder`: markdown, CSV and a picture for each kind of pictures and blur."""
    from blurbench.board.estimators import csv_rows, markdown, places
    from blurbench.board.render.sigma_maps import map_picture

    board, lines = _stored(store, name)
    folder.mkdir(parents=True, exist_ok=True)
    pictures: dict[tuple[str, str], str] = {}
    for place, members in places(lines).items():
        maps = {line.title: samples for line in members if (samples := store.samples(line.row.key))}
        if maps:
            file = re.sub(r"[^A-Za-z0-9._-]+", "-", f"{name}.{'.'.join(place)}") + ".png"
            map_picture(dict(list(maps.items())[:ROWS]), folder / file)
            pictures[place] = file
    texts = {".md": markdown(board, lines, pictures), ".csv": csv_rows(lines)}
    for suffix, text in texts.items():
        write_atomically(folder / f"{name}{suffix}", text)
    return [*(folder / f"{name}{suffix}" for suffix in texts), *(folder / file for file in pictures.values())]


def publish_json(store: Store, name: str, folder: Path) -> Path:
    """Write a board of estimators into `folder` as JSON, for other programs and for the folder's front page."""
    from blurbench.board.estimators import json_text

    path = folder / f"{name}.json"
    write_atomically(path, json_text(*_stored(store, name)))
    return path


def _stored(store: Store, name: str) -> tuple[Board, list[Line]]:
    from blurbench.board.estimators import lines_of

    board, records = estimations_of(store, name)
    return board, lines_of(board, records)


def estimations_of(store: Store, name: str) -> tuple[Board, dict[str, Estimation]]:
    """A board of estimators and its records; one that cannot be compared with the others is a failed one."""
    from blurbench.results.agreement import without_dissenters

    board = store.estimations.board(name)
    if board is None:
        raise UsageError(f"no board {name!r} in {store.root}; `blurbench run` makes it")
    return board, without_dissenters(board, store.estimations.records_of(board))
