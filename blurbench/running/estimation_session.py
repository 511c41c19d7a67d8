"""A run of an estimation suite: plan it, drop what is stored, supervise the rest, keep the board's list of cells."""

from __future__ import annotations

import sys
import time
from functools import cached_property

from blurbench.discovery import discover
from blurbench.errors import UsageError, shortened
from blurbench.protocols import Dataset
from blurbench.registry import Menu
from blurbench.results.estimation import Board, Estimation, Row, Shelf
from blurbench.results.store import Store
from blurbench.running.progress import progress
from blurbench.running.session import Request, Rerun, chosen_device, data_folders, is_wanted, shown_command, slots
from blurbench.running.supervisor import Outcome, supervise
from blurbench.suites.edition import board_name
from blurbench.suites.estimation import EstimationPlan, EstimationSuite, plan_estimation
from blurbench.suites.keys import digest
from blurbench.suites.plan import Data, Task

__all__ = ["EstimationSession"]

CHOOSING = {"dataset": "tested_on", "test_blur": "blur"}
"""The options of `run` that choose from this kind of suite, and what they choose."""


class EstimationSession:
    """One run of one estimation suite under one budget on one results folder."""

    def __init__(self, request: Request, suite: EstimationSuite) -> None:
        for axis in request.only:
            if axis not in CHOOSING:
                option = axis.replace("_", "-")
                raise UsageError(f"suite {suite.name} measures estimators: --{option} chooses nothing in it")
        if "train_images" in request.changes:
            raise UsageError(
                f"suite {suite.name} measures estimators: --limit changes nothing in it; take another budget"
            )
        self.request = request
        self.menu: Menu = discover()
        self.suite = suite.under(request.budget)
        self.budget = suite.budget(request.budget)
        self.minutes = request.changes.get("minutes_per_job", self.budget.minutes_per_job)
        self.store = Store(request.out)
        self.shelf = Shelf(self.store)
        self.device = chosen_device(request.device)
        self.seconds: dict[str, float] = {}

    @property
    def board(self) -> str:
        """The name of the board's files."""
        return board_name(self.suite.name, self.suite.version, self.budget.name)

    @cached_property
    def plan(self) -> EstimationPlan:
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

        only = {CHOOSING[axis]: values for axis, values in self.request.only.items()}
        return plan_estimation(self.menu, self.suite, self.budget, range(self.request.seeds), remembered, only)

    def records(self) -> dict[str, Estimation]:
        """The valid records of the plan's cells."""
        found = {cell.key: self.shelf.record(cell.key) for cell in self.plan.cells}
        return {key: record for key, record in found.items() if record is not None}

    def outstanding(self, rerun: Rerun) -> dict[str, Task]:
        """The tasks that a run would do, in plan order."""
        stored = self.records()
        wanted = {cell.key for cell in self.plan.cells if not cell.skip and is_wanted(stored.get(cell.key), rerun)}
        fits = {key for one in wanted for key in self.plan.tasks[one].needs}
        if rerun != "all":
            fits = {key for key in fits if not self.store.has_artifact(key)}
        return {key: task for key, task in self.plan.tasks.items() if key in wanted | fits}

    def run(self, rerun: Rerun = "missing") -> Outcome:
        """Do what is outstanding and write the board's list. What is stored stays if this is interrupted."""
        self._write_board()
        self._record_skips()
        tasks = self.outstanding(rerun)
        workers = slots(self.request, self.store.root, self.device, len(tasks))
        done = self.plan.tasks.keys() - tasks.keys()
        with progress(tasks, len(workers)) as report:
            outcome = supervise(self.store, tasks, done, workers, self.minutes, report, anew=rerun == "all")
        for phase, seconds in self.seconds.items():
            outcome.seconds[phase] = outcome.seconds.get(phase, 0.0) + seconds
        return outcome

    def _write_board(self) -> None:
        """A narrower run adds to the board that is there; a changed suite replaces it."""
        board = self._new_board()
        with self.store.locked(self.board, waiting=lambda: None):
            earlier = self.shelf.board(self.board)
            if earlier is not None and earlier.content == board.content:
                rows = list({row.place(): row for row in [*earlier.rows, *board.rows]}.values())
                commands = list(dict.fromkeys([*earlier.commands, *(board.commands if rows != earlier.rows else [])]))
                board = board.model_copy(update={"rows": rows, "commands": commands})
            if board != earlier:
                self.shelf.put_board(self.board, board)

    def _new_board(self) -> Board:
        return Board(
            suite=self.suite.name,
            suite_version=self.suite.version,
            title=self.suite.title,
            budget=self.budget.name,
            budget_values=self.budget.key(),
            content=digest([self.suite.model_dump(exclude={"budgets", "title"}), self.budget.key()]),
            rows=[
                Row(
                    key=cell.key,
                    estimator=cell.estimator,
                    fitted_on=cell.fitted_on,
                    split=cell.split,
                    tested_on=cell.tested_on,
                    blur=cell.blur,
                    seed=cell.seed,
                )
                for cell in self.plan.cells
            ],
            commands=[shown_command(sys.argv[1:])],
        )

    def _record_skips(self) -> None:
        """What cannot be had is a row with its reason."""
        for cell in self.plan.cells:
            if cell.skip:
                reason = shortened(cell.skip)
                self.shelf.put_record(Estimation(key=cell.key, status="skipped", reason=reason, **cell.parts))
