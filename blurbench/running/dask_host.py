"""What goes on inside a Dask worker: it keeps a process for each of its slots and hands messages on.

The process is what a worker on one's own machine is. A task that computes would keep Dask's worker from answering until
it is given up; this way time limits and crashes cost a process, and Dask's worker stays. Tasks and messages pass as
bytes: only the process, which has loaded the plugins, can read them.
"""

from __future__ import annotations

import asyncio
import os
import pickle
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from typing import Any

from blurbench.registry.discovery import installed_packages
from blurbench.running.deadline import seconds_left
from blurbench.running.devices import chosen_device, device_slots
from blurbench.running.slots import MALLOC, how_it_ended
from blurbench.running.worker import Lost, Options, serve
from blurbench.store.files import host_name
from blurbench.store.provenance import machine, package_versions

__all__ = ["ask", "follow", "stop", "survey"]

FOLLOW_SECONDS = 2.0
"""So often a Dask worker asks whether the run that it works for goes on."""


@dataclass(frozen=True)
class _Child:
    process: subprocess.Popen[bytes]
    connection: Connection


_children: dict[tuple[str, int], _Child] = {}
"""By run and slot."""
_ended: set[str] = set()
"""Runs for which nothing is started any more."""
_lock = threading.Lock()
_followers: dict[str, asyncio.Task[None]] = {}


def survey(wanted: str, threads: int, token: str, dask_worker: Any) -> dict[str, Any]:
    """What a run must know of a Dask worker. Plain values: another version may ask, or answer."""
    resources = dict(dask_worker.state.total_resources)
    device = "cpu" if wanted == "auto" and resources.get("GPU") == 0 else chosen_device(wanted)
    return {
        "worker": dask_worker.id,
        "nthreads": dask_worker.state.nthreads,
        "resources": resources,
        "host": host_name(),
        "versions": {**package_versions(), **installed_packages()},
        "sees": Path(token).is_file(),
        "devices": device_slots(device, None),
        "machine": machine(device, threads),
        "seconds_left": seconds_left(),
    }


async def follow(run: str, anchor: str, dask_worker: Any) -> None:
    """End what is done here for a run when Dask's scheduler no longer knows its future `anchor`: whoever held that is
    gone, killed or cut off, and would hear no answer."""

    async def watch() -> None:
        known: Any = True
        while known:
            await asyncio.sleep(FOLLOW_SECONDS)
            with suppress(OSError):  # it is busy; a worker whose scheduler is gone ends by itself
                known = (await dask_worker.scheduler.get_task_status(keys=[anchor]))[anchor]
        stop(run)
        del _followers[name]

    if (name := f"{run} {dask_worker.id}") not in _followers:
        _followers[name] = asyncio.create_task(watch())


def ask(run: str, slot: int, worker: str, options: Options, task: bytes | None) -> bytes:
    """Have a slot's process do a task, if one is given, and wait for the next message that it has."""
    from distributed import get_worker

    if get_worker().id != worker:  # another at the same address: nothing is done twice here
        return pickle.dumps(Lost("its Dask worker was started anew"))
    child = _child(run, slot, options, task is not None)
    if child is None:
        return pickle.dumps(Lost("it was stopped"))
    if task is not None:
        with suppress(OSError):  # it died just now, with a last word or without
            child.connection.send_bytes(task)
    try:
        return child.connection.recv_bytes()
    except (EOFError, OSError):
        return pickle.dumps(Lost(how_it_ended(child.process.wait())))


def stop(run: str, slot: int | None = None, dask_worker: Any = None) -> str:
    """End the process of a slot, or all of a run for good, whatever they do. The worker's name for itself."""
    with _lock:
        if slot is None:
            _ended.add(run)
        ended = [
            _children.pop(key) for key in list(_children) if key == (run, slot) or (slot is None and key[0] == run)
        ]
    for child in ended:
        child.process.kill()
    for child in ended:
        child.process.wait()  # whoever waits for its messages hears that it ended
    return dask_worker.id if dask_worker else ""


def _child(run: str, slot: int, options: Options, may_start: bool) -> _Child | None:
    with _lock:
        child = _children.get((run, slot))
        if may_start and run not in _ended and (child is None or child.process.poll() is not None):
            child = _children[run, slot] = _start(options)
        return child


def _start(options: Options) -> _Child:
    """A process that serves one slot. No child of `multiprocessing`, which Dask's workers may not have."""
    ours, theirs = Pipe()
    path = os.pathsep.join(entry or os.getcwd() for entry in sys.path)
    threads = {"OMP_NUM_THREADS": str(options.threads)}  # read when it starts; Dask has set its own
    process = subprocess.Popen(
        [sys.executable, "-P", "-c", f"from {__name__} import main; main({theirs.fileno()})"],
        env={**os.environ, **(MALLOC if options.memory is None else {}), **threads, "PYTHONPATH": path},
        stdin=subprocess.DEVNULL,
        pass_fds=[theirs.fileno()],
        start_new_session=True,  # a terminal's Ctrl-C is for the run
    )
    theirs.close()
    ours.send(options)
    return _Child(process, ours)


def main(descriptor: int) -> None:
    """What that process does."""
    connection = Connection(descriptor)
    with suppress(EOFError):
        serve(connection, connection.recv())
