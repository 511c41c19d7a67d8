"""A worker process: takes jobs from the supervisor one at a time until the pipe closes or its parent is gone.

Imports nothing heavy at module level, so that the supervisor can import it.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from blurbench.errors import BlurbenchError, Skip, shortened

if TYPE_CHECKING:
    from blurbench.running.workshop import Workshop

__all__ = ["WAITING", "Options", "open_workshop", "serve"]

WAITING = {"waiting": True}
"""Sent when the worker is ready, and while another run holds the lock that a job needs: the time limit starts anew."""


@dataclass(frozen=True)
class Options:
    """What a worker must know from its start."""

    out: Path
    device: str
    threads: int


def serve(connection: Connection, options: Options) -> None:
    """Answer each job `{"kind", "key", "anew", ...}` with `{"key", "status", "reason", "seconds", "top1"}`."""
    for number in (signal.SIGINT, signal.SIGTERM):  # sent to all of a group; the supervisor's to handle
        signal.signal(number, signal.SIG_IGN)
    _follow_parent()
    try:
        workshop = open_workshop(options, waiting=lambda: connection.send(WAITING))
    except Exception as error:  # no torch, no such device: nothing can be done at all
        connection.send({"broken": _one_line(error)})
        return
    connection.send(WAITING)
    while True:
        try:
            job = connection.recv()
        except (EOFError, OSError):
            return
        connection.send(_answer(workshop, job))


def _follow_parent() -> None:
    """End this process when its parent is killed: nobody would hear its answers."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def open_workshop(options: Options, waiting: Callable[[], None]) -> Workshop:
    """A workshop with everything set that results depend on."""
    import torch

    from blurbench.registry.discovery import discover
    from blurbench.results.store import Store
    from blurbench.running.workshop import Workshop

    torch.set_num_threads(options.threads)
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.backends.cudnn.allow_tf32 = False  # a blur is exact to 1e-5 on every device
    device = torch.device(options.device)
    torch.zeros(1, device=device)  # fails now, not in every task, where the device cannot be had
    return Workshop(discover(), Store(options.out), device, waiting=waiting)


def _answer(workshop: Workshop, job: Mapping[str, Any]) -> dict[str, Any]:
    workshop.clock.seconds = {}
    answer: dict[str, Any] = {"key": job["key"], "status": "ok", "reason": ""}
    with _printing_to(workshop.store.log_path(job["key"])):
        try:
            answer.update(_do(workshop, job))
        except Skip as skip:
            answer.update(status="skipped", reason=_one_line(skip))
        except Exception as error:  # whatever a plugin raises costs its own cell only
            traceback.print_exc()
            answer.update(status="failed", reason=_one_line(error))
    return {**answer, "seconds": workshop.clock.seconds}


def _one_line(error: Exception) -> str:
    text = shortened(str(error), 300)
    return text if isinstance(error, BlurbenchError) else f"{type(error).__name__}: {text}"


def _do(workshop: Workshop, job: Mapping[str, Any]) -> dict[str, Any]:
    match job["kind"]:
        case "cell":
            return _measure(workshop, job)
        case "estimation":
            return _estimate(workshop, job)
        case "timing":
            return _time(workshop, job)
        case _:
            workshop.ensure(job, job["anew"])
            return {}


def _measure(workshop: Workshop, job: Mapping[str, Any]) -> dict[str, Any]:
    from blurbench.running.evaluate import evaluate

    store = workshop.store
    with store.locked(job["key"], workshop.waiting):
        record = store.record(job["key"])
        if record is None or record.status != "ok" or job["anew"] or not record.is_of(job["record"]):
            record = evaluate(workshop, job)
            store.put_record(record)
    assert record.metrics is not None
    return {"top1": record.metrics.top1}


def _estimate(workshop: Workshop, job: Mapping[str, Any]) -> dict[str, Any]:
    from blurbench.running.evaluate_estimator import measure_estimator

    shelf = workshop.store.estimations
    with workshop.store.locked(job["key"], workshop.waiting):
        record = shelf.record(job["key"])
        if record is None or record.status != "ok" or job["anew"] or not record.is_of(job["record"]):
            shelf.put_record(measure_estimator(workshop, job))
    return {}


def _time(workshop: Workshop, job: Mapping[str, Any]) -> dict[str, Any]:
    from blurbench.running.timing import time_pipeline

    with workshop.store.locked("timing", workshop.waiting), workshop.clock.phase("timing"):
        if workshop.store.timing(job["key"]) is None or job["anew"]:
            workshop.store.put_timing(time_pipeline(workshop, job))
    return {}


@contextmanager
def _printing_to(path: Path) -> Iterator[None]:
    """Send everything that is printed, by Python or by native code, to a log; no empty log stays behind."""
    sys.stdout.flush()
    sys.stderr.flush()
    kept = os.dup(1), os.dup(2)
    path.parent.mkdir(exist_ok=True)
    with path.open("ab") as log:  # another run may be waiting with the same task, and the same log
        before = log.tell()
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    try:
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for descriptor, original in zip((1, 2), kept, strict=True):
            os.dup2(original, descriptor)
            os.close(original)
        with suppress(FileNotFoundError):
            if path.stat().st_size == before == 0:
                path.unlink()
