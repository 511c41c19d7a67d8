"""A worker process: takes tasks from the scheduler one at a time until the pipe closes or its parent is gone.

Imports nothing heavy at module level, so that the scheduler can import it.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from blurbench.errors import BlurbenchError, Skip, is_disk_full, shortened
from blurbench.matrix.tasks import Task
from blurbench.registry import Registry
from blurbench.registry.discovery import discover, files_in_use, use_only
from blurbench.registry.plugin_files import PluginFile
from blurbench.store.files import host_name

if TYPE_CHECKING:
    from blurbench.running.runtime import WorkerRuntime

__all__ = [
    "Answer",
    "Broken",
    "Logging",
    "Lost",
    "Message",
    "NoRoom",
    "Options",
    "Passed",
    "Status",
    "Waiting",
    "answer",
    "open_runtime",
    "serve",
]

STOPPING = (signal.SIGINT, signal.SIGTERM)

Status: TypeAlias = Literal["ok", "failed", "skipped", "blocked"]

Logging: TypeAlias = Callable[[Path], AbstractContextManager[Callable[[str], object]]]
"""Opens a task's log; what it gives writes a text to it."""


@dataclass(frozen=True)
class Options:
    """What a worker must know from its start."""

    out: Path
    device: str
    threads: int
    folders: tuple[Path, ...] = ()
    """Where real data sets lie."""
    plugins: tuple[PluginFile, ...] = field(default_factory=files_in_use)
    """Files of plugins; tasks name their classes, so they are loaded before the first one comes."""
    here: Path = field(default_factory=Path.cwd)
    """Where relative paths begin."""
    memory: int | None = None
    """Bytes that images may take; None: all that there are."""


# --- what a worker says --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Waiting:
    """It is ready, or waits for what another run mends: the time limit starts anew."""


@dataclass(frozen=True)
class Passed:
    """Another run is doing that task: it is for later."""

    key: str


@dataclass(frozen=True)
class Broken:
    """It cannot do anything at all."""

    reason: str
    device: str


@dataclass(frozen=True)
class NoRoom:
    """The disk is full: no task can store what it makes, so none is to be blamed for it."""

    reason: str


@dataclass(frozen=True)
class Answer:
    """What became of a task."""

    key: str
    status: Status = "ok"
    reason: str = ""
    seconds: Mapping[str, float] = field(default_factory=dict)
    """By phase."""
    headline: str = ""
    """The result in a few words."""
    remarks: tuple[str, ...] = ()
    """What a user should know of a plugin that was called."""


@dataclass(frozen=True)
class Lost:
    """What is heard of a worker that died: how."""

    how: str


Message: TypeAlias = Waiting | Passed | Broken | NoRoom | Answer | Lost


def serve(connection: Connection, options: Options) -> None:
    """Answer each `(task, force)` with an `Answer`, or with `Passed`."""
    for number in STOPPING:  # sent to all of a group; the scheduler's to handle
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)  # held back until now, see `scheduler`
    # Plugins start processes as in any script: where this one's way was kept, those could not import a plugin's file.
    multiprocessing.set_start_method(None, force=True)
    _follow_parent()
    with suppress(BrokenPipeError, ConnectionError):  # the scheduler is gone: so is whoever would hear of it
        with suppress(OSError):  # another machine may have no such folder, nor need it
            os.chdir(options.here)
        try:
            runtime = open_runtime(options, waiting=lambda: connection.send(Waiting()))
        except Exception as error:  # no torch, no such device: nothing can be done at all
            connection.send(Broken(_one_line(error), options.device))
            return
        connection.send(Waiting())
        while True:
            try:
                task, force = connection.recv()
            except (EOFError, OSError):
                return
            connection.send(answer(runtime, task, force))


def _follow_parent() -> None:
    """End this process when its parent is killed: nobody would hear its answers."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def open_runtime(
    options: Options, waiting: Callable[[], None] = lambda: None, registry: Registry | None = None
) -> WorkerRuntime:
    """A runtime with everything set that results depend on."""
    import torch

    from blurbench.running.global_state import set_reproducible
    from blurbench.running.runtime import WorkerRuntime
    from blurbench.store.store import Store

    use_only(options.plugins)
    torch.set_num_threads(options.threads)
    set_reproducible()
    device = torch.device(options.device)
    torch.zeros(1, device=device)  # fails now, not in every task, where the device cannot be had
    return WorkerRuntime(registry or discover(), Store(options.out), device, waiting, options.folders, options.memory)


def answer(runtime: WorkerRuntime, task: Task, force: bool, logging: Logging | None = None) -> Message:
    """Do a task, and say what became of it. `logging` says where what is printed goes: all of it to the task's log,
    unless said otherwise."""
    try:
        return _answer(runtime, task, force, logging or _printing_to)
    except Exception as error:
        if not is_disk_full(error):
            raise
        return NoRoom(_one_line(error))


def _answer(runtime: WorkerRuntime, task: Task, force: bool, logging: Logging) -> Answer | Passed:
    """With the lock of the task held, and before its log is opened: who holds the lock owns the log."""
    from blurbench.store.locks import Held

    try:
        with ExitStack() as held:
            held.enter_context(runtime.store.locks.at_once(task.key, task.title))
            if task.wants_quiet:  # one at a time on a machine
                held.enter_context(runtime.store.locks.at_once(f"timing-{host_name()}"))
            return _done(runtime, task, force, logging)
    except Held:
        return Passed(task.key)


def _done(runtime: WorkerRuntime, task: Task, force: bool, logging: Logging) -> Answer:
    from blurbench.running.global_state import guarded

    runtime.clock.seconds = {}
    status: Status
    status, reason, headline = "ok", "", ""
    changed: list[str] = []
    with logging(runtime.store.log_path(task.key)) as log, guarded(changed):
        try:
            headline = task.run(runtime, force)
        except Skip as skip:
            status, reason = "skipped", _one_line(skip)
        except Exception as error:  # whatever a plugin raises costs its own cell only
            if is_disk_full(error):
                raise
            log(traceback.format_exc())
            status, reason = "failed", _one_line(error)
    remark = f"{task.title}: its plugins changed {', '.join(changed)} for this process; put back"
    return Answer(task.key, status, reason, runtime.clock.seconds, headline, (remark,) if changed else ())


def _one_line(error: Exception) -> str:
    text = shortened(str(error), 300)
    return text if isinstance(error, BlurbenchError) else f"{type(error).__name__}: {text}"


@contextmanager
def _printing_to(path: Path) -> Iterator[Callable[[str], object]]:
    """Send everything that is printed, by Python or by native code, to a log; no empty log stays behind."""
    sys.stdout.flush()
    sys.stderr.flush()
    kept = os.dup(1), os.dup(2)
    path.parent.mkdir(exist_ok=True)
    with path.open("ab") as log:
        before = log.tell()
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    try:
        yield sys.stderr.write
    finally:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError):  # a full disk takes no log
                stream.flush()
        for descriptor, original in zip((1, 2), kept, strict=True):
            os.dup2(original, descriptor)
            os.close(original)
        with suppress(FileNotFoundError):
            if path.stat().st_size == before == 0:
                path.unlink()
