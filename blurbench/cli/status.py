"""`blurbench status`: what the results folder holds."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import typer

from blurbench.board.render.escape import one_line
from blurbench.cli import options
from blurbench.errors import UsageError
from blurbench.store.locks import Holder
from blurbench.store.store import Store

__all__ = ["status"]


def status(out: options.Out = Path("blurbench-results")) -> None:
    """How far each board is, what failed, was blocked or skipped, and who is doing what now."""
    store = Store(out)
    if not store.root.is_dir():
        raise UsageError(f"there is no results folder {out}; `blurbench run` makes one")
    for name in store.records.boards():
        _board(store, name)
    for holder in store.locks.under_way().values():
        typer.echo(_under_way(holder))
    artifacts = list((store.root / "artifacts").glob("[0-9a-f]*"))
    size = sum(path.stat().st_size for path in store.root.rglob("*") if path.is_file())
    typer.echo(f"{len(artifacts)} artifacts; {size / 2**20:.0f} MiB in {store.root}")


def _under_way(holder: Holder) -> str:
    job = f", job {holder.job}" if holder.job else ""
    return one_line(
        f"under way: {holder.what} (on {holder.host}, process {holder.process}{job}, since {holder.since})", 600
    )


def _board(store: Store, name: str) -> None:
    board = store.records.board(name)
    if board is None:
        typer.echo(f"{name}: its manifest is damaged; the run that made it writes it again")
        return
    records = [store.records.get(line.key) for line in board.lines]
    counts: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    for record in records:
        counts["to measure" if record is None else record.status] += 1
        if record is not None and record.status != "ok":
            reasons[f"{record.status}: {record.reason}"] += 1
    typer.echo(f"{name}: {len(records)} cells, " + ", ".join(f"{n} {what}" for what, n in counts.most_common()))
    for reason, count in reasons.most_common():
        typer.echo(f"  {count} x {one_line(reason, 400)}")
