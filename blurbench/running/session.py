"""From a request to stored records: look up the suite, plan it, drop what is already there, supervise the rest."""

from __future__ import annotations

import os
import re
import shlex
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any, Generic, Literal, TypeAlias, TypeVar

from blurbench.contract import Budget, Dataset
from blurbench.errors import UsageError, shortened
from blurbench.registry import Registry
from blurbench.registry.discovery import discover
from blurbench.results.provenance import machine
from blurbench.results.recall import revisions
from blurbench.results.record import AnyRecord, Line, Manifest, Record
from blurbench.results.store import Shelf, Store
from blurbench.running.progress import progress
from blurbench.running.supervisor import Outcome, supervise
from blurbench.running.worker import Options
from blurbench.suites.axes import Axes
from blurbench.suites.edition import board_name, content_digest
from blurbench.suites.estimation import EstimationSuite
from blurbench.suites.plan import Data, Plan, Task, make_plan
from blurbench.suites.suite import Suite, find

__all__ = [
    "AnySession",
    "Request",
    "Rerun",
    "Session",
    "cache_folder",
    "chosen_device",
    "data_folders",
    "is_wanted",
    "shown_command",
]

R = TypeVar("R", bound=AnyRecord)

FOLDER_OPTIONS = ("--out", "-o", "--data-dir")

Rerun: TypeAlias = Literal["missing", "failed", "all"]


@dataclass(frozen=True)
class Request:
    """What the user asked for."""

    suite: str
    budget: str = "quick"
    out: Path = Path("blurbench-results")
    seeds: int = 1
    only: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Labels or names to keep, by axis (see `axes.AXES`)."""
    changes: Mapping[str, Any] = field(default_factory=dict)
    """Fields of the budget to replace."""
    data_dirs: tuple[Path, ...] = ()
    device: str = "auto"
    jobs: int | None = None
    threads: int = 1
    command: str = ""
    """The command line that asks for it, as a board shows it; empty: this process's own."""


def data_folders(given: tuple[Path, ...] = ()) -> tuple[Path, ...]:
    """Where real data sets are looked for: --data-dir, BLURBENCH_DATA, the cache that `data fetch` fills."""
    for folder in given:
        if not folder.is_dir():
            raise UsageError(f"--data-dir {folder} is not a folder")
    named = os.environ.get("BLURBENCH_DATA", "")
    return (*given, *(Path(part) for part in named.split(os.pathsep) if part), cache_folder())


def cache_folder() -> Path:
    """Where `blurbench data fetch` puts its downloads."""
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return Path(cache) / "blurbench" / "data"


class AnySession(Generic[R]):
    """One run of one suite of any kind under one budget on one results folder: what all kinds have in common."""

    shelf: Shelf[R, Any]
    """Where its records lie."""

    def __init__(self, request: Request, registry: Registry, suite: Suite | EstimationSuite, budget: Budget) -> None:
        """`suite` is the one under this budget."""
        self.request, self.registry, self.budget = request, registry, budget
        self.board = board_name(suite.name, suite.version, budget.name)
        """The name of the board's files."""
        self.heading: dict[str, Any] = {
            "suite": suite.name,
            "suite_version": suite.version,
            "title": suite.title,
            "budget": budget.name,
            "budget_values": budget.key(),
            "content": content_digest(suite, budget.key()),
            "commands": [request.command or shown_command(sys.argv[1:])],
        }
        """What the board says of itself."""
        self.store = Store(request.out)
        self.device = chosen_device(request.device)
        self.folders = data_folders(request.data_dirs)
        self.seconds: dict[str, float] = {}
        self._described: dict[Dataset, Data] = {}

    def describe(self, dataset: Dataset) -> Data:
        """What planning must know of a data set. Decodes it if the store does not hold it yet."""
        from blurbench.results.decoded import describe  # numpy: not for --help

        if dataset not in self._described:
            before = time.perf_counter()
            self._described[dataset] = describe(self.registry, self.store, dataset, self.folders)
            self.seconds["data"] = self.seconds.get("data", 0.0) + time.perf_counter() - before
        return self._described[dataset]

    def slots(self, tasks: int) -> list[Options]:
        """The workers to be used: one a processor core, or one a GPU, but not more than tasks."""
        devices = [self.device]
        if self.device == "cuda":
            devices = [f"cuda:{number}" for number in range(len(_gpus()))] or ["cuda"]
        jobs = self.request.jobs or (len(devices) if self.device == "cuda" else min(os.cpu_count() or 1, 8))
        return [
            Options(self.store.root, devices[number % len(devices)], self.request.threads)
            for number in range(min(jobs, tasks))
        ]

    @cached_property
    def plan(self) -> Any:
        """The cells and tasks. Decodes data sets that the store does not hold yet."""
        raise NotImplementedError

    @cached_property
    def records(self) -> dict[str, R]:
        """The valid records of the plan's cells as they were when this was first asked for."""
        found = {cell.key: (self.shelf.record(cell.key), cell.parts) for cell in self.plan.cells}
        return {key: record for key, (record, parts) in found.items() if record is not None and record.is_of(parts)}

    @cached_property
    def foreign(self) -> set[str]:
        """The keys of cells whose records were made by another version of blurbench or of a plugin, or cannot be read:
        they are neither used nor replaced."""
        return {
            cell.key
            for cell in self.plan.cells
            if self.shelf.is_foreign(cell.key)
            or ((record := self.shelf.record(cell.key)) is not None and _is_of_another_revision(record, cell.parts))
        }

    @property
    def damaged(self) -> list[str]:
        """The keys of cells whose records are there, but cannot be read or are of something else."""
        unusable = self.records.keys() | self.foreign
        keys = dict.fromkeys(cell.key for cell in self.plan.cells if cell.key not in unusable)
        return [key for key in keys if self.shelf.record_path(key).exists()]

    def _supervise(self, planned: Mapping[str, Task], tasks: Mapping[str, Task], rerun: Rerun) -> Outcome:
        """Do `tasks` of those that are planned. What is stored stays if this is interrupted."""
        slots = self.slots(len(tasks))
        done = planned.keys() - tasks.keys()
        with progress(tasks, len(slots)) as report:
            minutes = self.budget.minutes_per_job
            outcome = supervise(self.store, tasks, done, slots, minutes, report, anew=rerun == "all")
        for phase, seconds in self.seconds.items():
            outcome.seconds[phase] = outcome.seconds.get(phase, 0.0) + seconds
        if tasks:
            del self.records
        return outcome


class Session(AnySession[Record]):
    """One run of a suite of classifiers."""

    def __init__(self, request: Request) -> None:
        registry = discover()
        self.full_suite: Suite = find(registry, request.suite)
        self.suite = self.full_suite.under(request.budget)
        if "estimator" in request.only:
            raise UsageError(f"suite {self.suite.name} measures classifiers: --estimator chooses nothing in it")
        super().__init__(request, registry, self.suite, self.full_suite.budget(request.budget, request.changes))
        self.shelf = self.store.cells
        self.axes = Axes.of(self.registry, self.suite, request.only)

    @cached_property
    def plan(self) -> Plan:
        """The cells and tasks. Decodes data sets that the store does not hold yet."""
        self.store.create()
        seeds = range(self.request.seeds)
        where = machine(self.device, self.request.threads)
        return make_plan(self.registry, self.suite, self.axes, self.budget, seeds, self.describe, where)

    def outstanding(self, rerun: Rerun) -> dict[str, Task]:
        """The tasks that a run would do, in plan order."""
        cells = [
            cell.key
            for cell in self.plan.cells
            if not cell.skip and cell.key not in self.foreign and is_wanted(self.records.get(cell.key), rerun)
        ]
        leading = self.plan.leading_to([*cells, *self._untimed(rerun)])
        return {key: task for key, task in leading.items() if rerun == "all" or not self._fitted(task)}

    def _untimed(self, rerun: Rerun) -> list[str]:
        """The pipelines without a timing, but for those whose every cell failed before: there is nothing to time."""
        alive: set[str] = set()
        for key, task in self.plan.tasks.items():
            if task.kind == "cell" and key not in self.foreign and self._wants_timing(key, task.job["timing"]):
                alive.add(task.job["timing"])
        timings = [key for key, task in self.plan.tasks.items() if task.kind == "timing"]
        if rerun == "all":
            return timings
        return [key for key in timings if self.store.timing(key) is None and (key in alive or rerun == "failed")]

    def _wants_timing(self, key: str, timing: str) -> bool:
        record = self.records.get(key)
        if record is None:
            return True
        # A record measured elsewhere, or with other threads, keeps to the timing that it names.
        return record.cost is not None and record.cost.timing == timing

    def _fitted(self, task: Task) -> bool:
        return task.kind in ("restorer", "predictor") and self.store.has_artifact(task.key)

    def run(self, rerun: Rerun = "missing") -> Outcome:
        """Do what is outstanding and write the board's manifest. Work that is stored stays if this is interrupted.

        A narrower run (fewer data sets, more seeds) adds to the board that is there; a changed suite replaces it.
        """
        self.store.cells.add_to_board(self.board, self.manifest(), self._finished)
        self._record_skips()
        return self._supervise(self.plan.tasks, self.outstanding(rerun), rerun)

    # --- the board -------------------------------------------------------------------------------------------------

    def manifest(self) -> Manifest:
        """The board's cells as this session plans them."""
        return Manifest(
            **self.heading,
            baseline=self.suite.baseline,
            test_blurs=[blur.label for blur in self.axes.test_blurs],
            lines=[Line.model_validate(cell, from_attributes=True) for cell in self.plan.cells],
        )

    def _finished(self, board: Manifest) -> Manifest:
        return board.model_copy(update={"test_blurs": self._in_suite_order(board.test_blurs)})

    def _in_suite_order(self, blurs: list[str]) -> list[str]:
        everything = [blur.label for blur in Axes.of(self.registry, self.suite).test_blurs]
        return sorted(blurs, key=lambda blur: everything.index(blur) if blur in everything else len(everything))

    def _record_skips(self) -> None:
        """What cannot be had is a row with its reason."""
        for cell in self.plan.cells:
            if cell.skip and cell.key not in self.records and cell.key not in self.foreign:
                reason = shortened(cell.skip)
                self.store.put_record(Record(key=cell.key, status="skipped", reason=reason, **cell.parts))


def _is_of_another_revision(record: AnyRecord, parts: Mapping[str, Any]) -> bool:
    """Whether a record of a planned cell differs by what revisions its plugins had."""
    if record.is_of(parts):
        return False
    own = revisions({axis: part.spec for axis, part in record.parts().items()})
    return own != revisions({axis: parts[axis]["spec"] for axis in record.AXES if parts[axis] is not None})


def is_wanted(record: AnyRecord | None, rerun: Rerun) -> bool:
    """Whether a cell with this record, or with none, is to be measured."""
    return rerun == "all" or record is None or (rerun == "failed" and record.status != "ok")


def chosen_device(wanted: str) -> str:
    """`auto` is a GPU where there is one. Asked without torch, which the supervisor does not import.

    Raises:
        UsageError: that is no kind of device; whether it is here shows when a worker starts.
    """
    if not re.fullmatch(r"auto|(cpu|cuda|mps|xpu)(:\d+)?", wanted):
        raise UsageError(f"--device {wanted}: give auto, cpu, cuda, or one GPU of several, such as cuda:1")
    return wanted if wanted != "auto" else ("cuda" if _gpus() else "cpu")


def _gpus() -> list[str]:
    """The GPUs that torch will find."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if "+cpu" in version("torch"):
        return []
    if visible is not None:
        return [part for part in visible.split(",") if part.strip() not in ("", "-1")]
    return [path.name for path in sorted(Path("/dev").glob("nvidia[0-9]*"))]


def shown_command(arguments: list[str]) -> str:
    """The command line as a board shows it: folders of this machine are nobody else's business."""
    shown, hide = ["blurbench"], False
    for argument in arguments:
        option, equals, _ = argument.partition("=")
        if hide or (equals and option in FOLDER_OPTIONS):
            shown.append(f"{option}=FOLDER" if equals and not hide else "FOLDER")
            hide = False
        else:
            shown.append(Path(argument).name if argument.endswith(".toml") else argument)
            hide = argument in FOLDER_OPTIONS
    return shlex.join(shown)
