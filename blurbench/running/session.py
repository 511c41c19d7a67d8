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
from typing import Any, Literal, TypeAlias

from blurbench.discovery import discover
from blurbench.errors import UsageError, shortened
from blurbench.protocols import Dataset
from blurbench.registry import Menu
from blurbench.results.estimation import Estimation
from blurbench.results.provenance import machine
from blurbench.results.record import Line, Manifest, Record
from blurbench.results.store import Store
from blurbench.running.progress import progress
from blurbench.running.supervisor import Outcome, supervise
from blurbench.running.worker import Options
from blurbench.suites.edition import board_name, content_digest
from blurbench.suites.plan import Axes, Data, Plan, Task, make_plan
from blurbench.suites.suite import Suite, find
from blurbench.types import Budget

__all__ = [
    "Request",
    "Rerun",
    "Session",
    "cache_folder",
    "chosen_device",
    "data_folders",
    "is_wanted",
    "shown_command",
    "slots",
]

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
    """Labels or names to keep, by axis (see `plan.AXES`)."""
    changes: Mapping[str, Any] = field(default_factory=dict)
    """Fields of the budget to replace."""
    data_dirs: tuple[Path, ...] = ()
    device: str = "auto"
    jobs: int | None = None
    threads: int = 1


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


class Session:
    """One run of one suite under one budget on one results folder."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.menu: Menu = discover()
        self.full_suite: Suite = find(self.menu, request.suite)
        self.suite = self.full_suite.under(request.budget)
        self.budget: Budget = self.full_suite.budget(request.budget, request.changes)
        self.axes = Axes.of(self.menu, self.suite, request.only)
        self.store = Store(request.out)
        self.device = chosen_device(request.device)
        self.seconds: dict[str, float] = {}

    @cached_property
    def plan(self) -> Plan:
        """The cells and tasks. Decodes data sets that the store does not hold yet."""
        from blurbench.results.decoded import describe  # numpy: not for --help

        self.store.create()
        known: dict[Dataset, Data] = {}
        folders = data_folders(self.request.data_dirs)

        def remembered(dataset: Dataset) -> Data:
            if dataset not in known:
                before = time.perf_counter()
                known[dataset] = describe(self.menu, self.store, dataset, folders)
                self.seconds["data"] = self.seconds.get("data", 0.0) + time.perf_counter() - before
            return known[dataset]

        seeds = range(self.request.seeds)
        where = machine(self.device, self.request.threads)
        return make_plan(self.menu, self.suite, self.axes, self.budget, seeds, remembered, where)

    @cached_property
    def records(self) -> dict[str, Record]:
        """The valid records of the plan's cells as they were when this was first asked for."""
        found = {cell.key: self.store.record(cell.key) for cell in self.plan.cells}
        return {key: record for key, record in found.items() if record is not None}

    def outstanding(self, rerun: Rerun) -> dict[str, Task]:
        """The tasks that a run would do, in plan order."""
        cells = [cell.key for cell in self.plan.cells if not cell.skip and is_wanted(self.records.get(cell.key), rerun)]
        leading = self.plan.leading_to([*cells, *self._untimed(rerun)])
        return {key: task for key, task in leading.items() if rerun == "all" or not self._fitted(task)}

    def _untimed(self, rerun: Rerun) -> list[str]:
        """The pipelines without a timing, but for those whose every cell failed before: there is nothing to time."""
        alive: set[str] = set()
        for key, task in self.plan.tasks.items():
            if task.kind == "cell" and self._wants_timing(key, task.job["timing"]):
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
        """Do what is outstanding and write the board's manifest. Work that is stored stays if this is interrupted."""
        self._write_manifest()
        self._record_skips()
        tasks = self.outstanding(rerun)
        slots = self.slots(len(tasks))
        done = self.plan.tasks.keys() - tasks.keys()
        with progress(tasks, len(slots)) as report:
            outcome = supervise(
                self.store, tasks, done, slots, self.budget.minutes_per_job, report, anew=rerun == "all"
            )
        for phase, seconds in self.seconds.items():
            outcome.seconds[phase] = outcome.seconds.get(phase, 0.0) + seconds
        if tasks:
            del self.records
        return outcome

    def slots(self, tasks: int) -> list[Options]:
        """The workers to be used: one a processor core, or one a GPU, but not more than tasks."""
        return slots(self.request, self.store.root, self.device, tasks)

    # --- the board -------------------------------------------------------------------------------------------------

    @property
    def board(self) -> str:
        """The name of the board's files."""
        return board_name(self.suite.name, self.suite.version, self.budget.name)

    def manifest(self) -> Manifest:
        """The board's cells as this session plans them."""
        return Manifest(
            suite=self.suite.name,
            suite_version=self.suite.version,
            title=self.suite.title,
            budget=self.budget.name,
            budget_values=self.budget.key(),
            content=content_digest(self.suite, self.budget.key()),
            baseline=self.suite.baseline,
            test_blurs=[blur.label for blur in self.axes.test_blurs],
            lines=[
                Line(
                    key=cell.key,
                    dataset=cell.dataset,
                    classifier=cell.classifier,
                    strategy=cell.strategy,
                    train_blur=cell.train_blur,
                    test_blur=cell.test_blur,
                    seed=cell.seed,
                )
                for cell in self.plan.cells
            ],
            commands=[shown_command(sys.argv[1:])],
        )

    def _write_manifest(self) -> None:
        """A narrower run (fewer data sets, more seeds) adds to the board that is there; a changed suite replaces it."""
        manifest = self.manifest()
        with self.store.locked(self.board, waiting=lambda: None):
            earlier = self.store.manifest(self.board)
            if earlier is not None and earlier.content == manifest.content:
                manifest = self._added_to(earlier, manifest)
            if manifest != earlier:
                self.store.put_manifest(self.board, manifest)

    def _added_to(self, earlier: Manifest, new: Manifest) -> Manifest:
        lines = list({line.place(): line for line in [*earlier.lines, *new.lines]}.values())
        blurs = self._in_suite_order(list(dict.fromkeys([*earlier.test_blurs, *new.test_blurs])))
        commands = (
            list(dict.fromkeys([*earlier.commands, *new.commands])) if lines != earlier.lines else earlier.commands
        )
        return new.model_copy(update={"lines": lines, "test_blurs": blurs, "commands": commands})

    def _in_suite_order(self, blurs: list[str]) -> list[str]:
        everything = [blur.label for blur in Axes.of(self.menu, self.suite).test_blurs]
        return sorted(blurs, key=lambda blur: everything.index(blur) if blur in everything else len(everything))

    def _record_skips(self) -> None:
        """What cannot be had is a row with its reason."""
        for cell in self.plan.cells:
            if cell.skip and cell.key not in self.records:
                reason = shortened(cell.skip)
                self.store.put_record(Record(key=cell.key, status="skipped", reason=reason, **cell.parts))


def is_wanted(record: Record | Estimation | None, rerun: Rerun) -> bool:
    """Whether a cell with this record, or with none, is to be measured."""
    return rerun == "all" or record is None or (rerun == "failed" and record.status != "ok")


def slots(request: Request, out: Path, device: str, tasks: int) -> list[Options]:
    """The workers of a run of so many tasks."""
    devices = [device]
    if device == "cuda":
        devices = [f"cuda:{number}" for number in range(len(_gpus()))] or ["cuda"]
    jobs = request.jobs or (len(devices) if device == "cuda" else min(os.cpu_count() or 1, 8))
    return [Options(out, devices[number % len(devices)], request.threads) for number in range(min(jobs, tasks))]


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
