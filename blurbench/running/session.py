"""From a request to stored records: look up the suite, plan it, drop what is already there, schedule the rest."""

from __future__ import annotations

import re
import shlex
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, TypeAlias

from pydantic import ByteSize, TypeAdapter, ValidationError

from blurbench.contract import Dataset
from blurbench.errors import UsageError, shortened
from blurbench.matrix.board_id import board_name, content_digest
from blurbench.matrix.cell import Data
from blurbench.matrix.plan import Plan, Planner
from blurbench.matrix.suite import Suite, find
from blurbench.matrix.tasks import Evaluate, Fit, Task
from blurbench.measurements import MEASUREMENTS
from blurbench.registry import Registry
from blurbench.registry.discovery import discover, use
from blurbench.running.dask_cluster import DaskPlace
from blurbench.running.deadline import seconds_left
from blurbench.running.devices import chosen_device, device_slots
from blurbench.running.folders import data_folders
from blurbench.running.progress import progress
from blurbench.running.scheduler import Outcome, Scheduler
from blurbench.running.slots import Slots, local_slots
from blurbench.running.worker import Options
from blurbench.store.locks import Held
from blurbench.store.provenance import machine, plugin_versions
from blurbench.store.record import Line, Manifest, Record
from blurbench.store.records import State
from blurbench.store.store import Store

__all__ = ["Request", "Rerun", "Session", "bytes_of", "is_wanted"]

LEAST_MEMORY = 10**6
"""Bytes."""

NO_LOCKS = "locks do not hold in the results folder: runs at once may do the same twice; nothing stored is lost"

Rerun: TypeAlias = Literal["missing", "failed", "all"]


@dataclass(frozen=True)
class Request:
    """What the user asked for."""

    suite: str
    budget: str = "quick"
    out: Path = Path("blurbench-results")
    seeds: int = 1
    only: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """What to keep, or to add, by axis: labels, names or expressions."""
    changes: Mapping[str, Any] = field(default_factory=dict)
    """Fields of the budget to replace."""
    data_dirs: tuple[Path, ...] = ()
    """Where real data sets lie, beside the usual places."""
    device: str = "auto"
    jobs: int | None = None
    """Workers; 0: none, everything is done in this process."""
    threads: int = 1
    memory: int | None = None
    """Bytes that images may take, in all workers of this machine together, or in each of Dask's."""
    walltime: float | None = None
    """Minutes that the run has."""
    dask: str = ""
    """Where Dask's workers are to be had: an address, a scheduler.json or a cluster.yaml; empty for workers of this
    machine."""
    verb: tuple[str, ...] = ("run",)
    """The command that asks for it: `run`, or `reproduce` and a paper; empty where no command does."""
    plugins: tuple[Path, ...] = ()
    """Files of plugins to use beside what is installed."""
    timing: bool = True
    """Whether milliseconds an image are measured."""
    metrics: tuple[str, ...] = ()
    """Expressions of metrics to measure beside those of the suite."""

    @classmethod
    def of(
        cls,
        suite: str,
        axes: Mapping[str, Iterable[str] | None],
        limit: int | None = None,
        minutes: float | None = None,
        **rest: Any,
    ) -> Request:
        """What a user words so: the values to keep of each axis, at most so many training images, minutes a task."""
        changes = {"train_images": limit, "minutes_per_job": minutes}
        return cls(
            suite=suite,
            only={axis: tuple(values) for axis, values in axes.items() if values},
            changes={name: value for name, value in changes.items() if value is not None},
            **rest,
        )

    @property
    def command(self) -> str:
        """The command line that asks for the same, as a board shows it: folders of this machine are nobody else's
        business, and neither is how many workers it has. Empty where there is none."""
        if not self.verb:
            return ""
        suite = Path(self.suite).name if self.suite.endswith(".toml") else self.suite
        words = [*self._wanted(suite, without_folders), *["--data-dir", "FOLDER"] * len(self.data_dirs)]
        return shlex.join(["blurbench", *words, *self._means()])

    @property
    def words(self) -> list[str]:
        """The whole command line after `blurbench`, for this machine and those that share its folders."""
        words = [*self._wanted(self.suite, str), "--out", str(self.out)]
        words += [word for folder in self.data_dirs for word in ("--data-dir", str(folder))]
        words += ["--memory", f"{self.memory}B"] if self.memory is not None else []
        return [*words, *self._means(), *([] if self.jobs is None else ["--jobs", str(self.jobs)])]

    def _wanted(self, suite: str, shown: Callable[[str], str]) -> list[str]:
        words = [*self.verb]
        if self.verb == ("run",):
            words += ["--suite", suite]
        words += ["--budget", self.budget, "--seeds", str(self.seeds)]
        for axis, values in self.only.items():
            words += [word for value in values for word in (f"--{axis.replace('_', '-')}", shown(value))]
        words += [word for metric in self.metrics for word in ("--metric", shown(metric))]
        for name, option in (("train_images", "--limit"), ("minutes_per_job", "--minutes")):
            words += [option, f"{self.changes[name]:g}"] if name in self.changes else []
        words += [word for path in self.plugins for word in ("--plugins", shown(str(path)))]
        return words

    def _means(self) -> list[str]:
        words = ["--device", self.device] if self.device != "auto" else []
        words += ["--threads", str(self.threads)] if self.threads != 1 else []
        return [*words, *([] if self.timing else ["--no-timing"])]


FOLDERS = re.compile(r"""(?<![^\s=\[\]{},'"])(?:~[^/\\]*|\.{1,2}|[A-Za-z]:)?[/\\](?:[^\[\]{},'"]*[/\\])?""")


def without_folders(text: str) -> str:
    """A text in which the folders of every path are one word: `imagefolder[path=FOLDER/photos]`."""
    return FOLDERS.sub("FOLDER/", text)


def bytes_of(size: str | int) -> int:
    """`2GB`, `1.5GiB` or `800MB` as bytes. Raises UsageError for anything else, and for next to nothing."""
    try:
        found = int(TypeAdapter(ByteSize).validate_python(size))
    except ValidationError:
        raise UsageError(f"memory {size!r} is no size; say 2GB, 1.5GiB or 800MB") from None
    if found < LEAST_MEMORY:
        raise UsageError(f"memory {size!r}: with less than {LEAST_MEMORY // 10**6}MB no batch of images can be held")
    return found


class Session:
    """One run of one suite under one budget on one results folder."""

    def __init__(self, request: Request, registry: Registry | None = None, suite: Suite | None = None) -> None:
        self.ends = time.monotonic() + seconds_left(request.walltime)
        use(request.plugins)
        self.registry = registry or discover()
        self.full_suite: Suite = suite or find(self.registry, request.suite)
        self.request = request = replace(request, budget=self.full_suite.budget_name(request.budget))
        self.suite = self.full_suite.under(request.budget)
        self.budget = self.full_suite.budget(request.budget, request.changes)
        self.measurement = MEASUREMENTS[self.suite.measure]
        self.board = board_name(self.suite.name, self.suite.version, self.budget.name)
        """The name of the board's files."""
        self.test_blurs = self.measurement.test_blurs(self.registry, self.suite, request.only)
        self.store = Store(request.out)
        self.device = chosen_device(request.device)
        self.dask = DaskPlace.of(request.dask) if request.dask else None
        self.folders = data_folders(request.data_dirs)
        self.where: Mapping[str, Any] = machine(self.device, request.threads)
        """What timings hold for."""
        self.seconds: dict[str, float] = {}
        self._described: dict[Dataset, Data] = {}

    # --- planning --------------------------------------------------------------------------------------------------

    def describe(self, dataset: Dataset) -> Data:
        """What planning must know of a data set. Decodes it if the store does not hold it yet."""
        from blurbench.store.dataset_cache import describe  # numpy: not for --help

        if dataset not in self._described:
            before = time.perf_counter()
            self._described[dataset] = describe(self.registry, self.store, dataset, self.folders)
            self.seconds["data"] = self.seconds.get("data", 0.0) + time.perf_counter() - before
        return self._described[dataset]

    @cached_property
    def plan(self) -> Plan:
        """The cells and tasks. Decodes data sets that the store does not hold yet."""
        self.store.create()
        planner = Planner(self.registry, self.budget, self.describe, self.suite.test_seed)
        asked = self.suite.asking_for(self.request.metrics)
        self.measurement.plan(planner, asked, self.request.only, range(self.request.seeds), self.where)
        return planner.plan

    def slots(self, tasks: int) -> list[Options]:
        """The workers to be used: one a processor core, or one a GPU, but not more than tasks."""
        devices = device_slots(self.device, 1 if self.request.jobs == 0 else self.request.jobs)[:tasks]
        memory = None if self.request.memory is None else self.request.memory // max(1, len(devices))
        threads, folders = self.request.threads, self.folders
        return [Options(self.store.root, device, threads, folders, memory=memory) for device in devices]

    # --- what is stored --------------------------------------------------------------------------------------------

    @cached_property
    def states(self) -> dict[str, State]:
        """What there was of each cell when this was first asked for."""
        return {cell.key: self.store.records.state(cell.key, cell.identity) for cell in self.plan.cells}

    @cached_property
    def records(self) -> dict[str, Record]:
        """The valid records of the plan's cells as they were when this was first asked for."""
        records = {key: self.store.records.get(key) for key, state in self.states.items() if state == "valid"}
        return {key: record for key, record in records.items() if record is not None}

    def in_state(self, state: State) -> list[str]:
        """The keys of cells whose files are so."""
        return [key for key, found in self.states.items() if found == state]

    def outstanding(self, rerun: Rerun) -> dict[str, Task]:
        """The tasks that a run would do, in plan order. What another version made is left alone."""
        cells = [
            cell.key
            for cell in self.plan.cells
            if not cell.skip and self.states[cell.key] != "foreign" and is_wanted(self.records.get(cell.key), rerun)
        ]
        leading = self.plan.leading_to([*cells, *self._untimed(rerun)])
        return {key: task for key, task in leading.items() if rerun == "all" or not self._is_fitted(task)}

    def _untimed(self, rerun: Rerun) -> list[str]:
        """The pipelines without a timing, but for those whose every cell failed before: there is nothing to time."""
        timings = [key for key, task in self.plan.tasks.items() if task.wants_quiet and self.request.timing]
        if rerun == "all":
            return timings
        wanted = {timing for key, task in self.plan.tasks.items() if (timing := self._timing_wanted(key, task))}
        return [key for key in timings if not self.store.has_timing(key) and (key in wanted or rerun == "failed")]

    def _timing_wanted(self, key: str, task: Task) -> str:
        """The timing that a cell wants: a record measured elsewhere, or with other threads, keeps to the one that it
        names."""
        timing: str = getattr(task, "timing", "")
        if not timing or self.states.get(key) == "foreign":
            return ""
        record = self.records.get(key)
        return timing if record is None or record.timing == timing else ""

    def _is_fitted(self, task: Task) -> bool:
        return isinstance(task, Fit) and self.store.has_artifact(task.key)

    # --- running ---------------------------------------------------------------------------------------------------

    def run(self, rerun: Rerun = "missing") -> Outcome:
        """Do what is outstanding and write the board's manifest. Work that is stored stays if this is interrupted.

        A narrower run (fewer data sets, more seeds) adds to the board that is there; a changed suite replaces it. Other
        runs on the same folder share the work. Raises UsageError where one of them has other versions of plugins,
        Unavailable where a metric lacks what it measures with.
        """
        self.store.create()
        if not self.store.locks.hold():
            print(f"blurbench: {NO_LOCKS}", file=sys.stderr, flush=True)
        what = f"{' '.join(self.request.verb)} {self.suite.name}, budget {self.budget.name}"
        with self.store.locks.joined(what, plugin_versions(self.registry)):
            return self._run(rerun)

    def _run(self, rerun: Rerun) -> Outcome:
        self._prepare_metrics(rerun)
        self.store.records.add_to_board(self.board, self.manifest(), self._in_suite_order)
        self._record_skips()
        outcome = Outcome()
        if (tasks := self.outstanding(rerun)) or self._timings_of_elsewhere():
            with self._workers(len(tasks)) as slots:
                outcome = self._scheduled(slots, rerun)
            self._look_again()
        for phase, seconds in self.seconds.items():
            outcome.seconds[phase] = outcome.seconds.get(phase, 0.0) + seconds
        return outcome

    def _prepare_metrics(self, rerun: Rerun) -> None:
        asked = self.suite.asking_for(self.request.metrics)
        configs = self.measurement.settings(self.registry, asked).get("metrics", ())
        if configs and self.outstanding(rerun):
            for config in configs:
                self.registry.resolve("metrics", config).prepare()

    @contextmanager
    def _workers(self, tasks: int) -> Iterator[Slots]:
        if self.dask is None:
            with self._here(self.slots(tasks)) as slots:
                yield slots
            return
        from blurbench.running.dask_slots import dask_slots

        folders = tuple(folder.absolute() for folder in self.folders)
        request = self.request
        options = Options(self.store.root, request.device, request.threads, folders, memory=request.memory)
        with dask_slots(self.dask, options, self.request.jobs) as remote:
            self.where = remote.machine  # whose timings have other keys
            self._look_again("plan")
            yield remote

    def _here(self, workers: list[Options]) -> AbstractContextManager[Slots]:
        if self.request.jobs != 0:
            return local_slots(workers)
        from blurbench.running.in_process import in_process  # torch

        return in_process(workers, self.registry)

    def _scheduled(self, slots: Slots, rerun: Rerun) -> Outcome:
        tasks = self.outstanding(rerun)
        limit, left = 60 * self.budget.minutes_per_job, self.ends - time.monotonic()
        with progress(tasks, lambda: len(slots.numbers())) as report:
            return Scheduler(self.store, tasks, slots, limit, report, rerun == "all", left).run()

    def _timings_of_elsewhere(self) -> bool:
        """Whether Dask's workers, which planning has not asked yet, may owe timings of their own."""
        named = {record.timing for record in self.records.values() if record.timing}
        return self.dask is not None and not all(map(self.store.has_timing, named))

    def _look_again(self, *more: str) -> None:
        for name in ("records", "states", *more):
            self.__dict__.pop(name, None)

    def manifest(self) -> Manifest:
        """The board's cells as this session plans them."""
        fitted = {key: task.fit.key for key, task in self.plan.tasks.items() if isinstance(task, Evaluate) and task.fit}
        lines = [
            Line(key=cell.key, seed=cell.seed, labels=dict(cell.labels), artifact=fitted.get(cell.key))
            for cell in self.plan.cells
        ]
        return Manifest(
            measure=self.measurement.name,
            suite=self.suite.name,
            suite_version=self.suite.version,
            title=self.suite.title,
            budget=self.budget.name,
            budget_values=self.budget.key(),
            content=content_digest(self.suite, self.budget.key()),
            commands=[self.request.command] if self.request.command else [],
            baseline=getattr(self.suite, "baseline", ""),
            test_blurs=[blur.label for blur in self.test_blurs],
            lines=lines,
        )

    def _in_suite_order(self, board: Manifest) -> Manifest:
        order = [blur.label for blur in self.measurement.test_blurs(self.registry, self.suite, {})]
        place = {label: number for number, label in enumerate(order)}
        blurs = sorted(board.test_blurs, key=lambda blur: place.get(blur, len(place)))
        return board.model_copy(update={"test_blurs": blurs})

    def _record_skips(self) -> None:
        """What cannot be had is a row with its reason, the latest one."""
        for cell in self.plan.cells:
            if not cell.skip or self.states[cell.key] == "foreign":
                continue
            record = Record(key=cell.key, status="skipped", reason=shortened(cell.skip), **cell.identity)
            if self.records.get(cell.key) != record:
                with suppress(Held), self.store.locks.at_once(cell.key):  # who holds it can have it
                    self.store.records.put(record)
        if any(cell.skip for cell in self.plan.cells):
            self._look_again()


def is_wanted(record: Record | None, rerun: Rerun) -> bool:
    """Whether a cell with this record, or with none, is to be measured."""
    return rerun == "all" or record is None or (rerun == "failed" and record.status != "ok")
