"""A run of an estimation suite: plan it, drop what is stored, supervise the rest, keep the board's list of cells."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property

from blurbench.errors import UsageError, shortened
from blurbench.registry.discovery import discover
from blurbench.results.estimation import Board, Estimation, Row
from blurbench.running.session import AnySession, Request, Rerun, is_wanted
from blurbench.running.supervisor import Outcome
from blurbench.suites.estimation import EstimationPlan, EstimationSuite, plan_estimation
from blurbench.suites.plan import Task

__all__ = ["EstimationSession"]

CHOOSING = ("dataset", "test_blur", "estimator")
"""The options of `run` that choose from this kind of suite."""


class EstimationSession(AnySession[Estimation]):
    """One run of a suite of estimators."""

    def __init__(self, request: Request, suite: EstimationSuite) -> None:
        for axis in request.only:
            if axis not in CHOOSING:
                option = axis.replace("_", "-")
                raise UsageError(f"suite {suite.name} measures estimators: --{option} chooses nothing in it")
        if "train_images" in request.changes:
            raise UsageError(
                f"suite {suite.name} measures estimators: --limit changes nothing in it; take another budget"
            )
        self.suite = suite.under(request.budget)
        budget = suite.budget(request.budget)
        minutes = request.changes.get("minutes_per_job", budget.minutes_per_job)
        super().__init__(request, discover(), self.suite, replace(budget, minutes_per_job=minutes))
        self.shelf = self.store.estimations

    @cached_property
    def plan(self) -> EstimationPlan:
        """The cells and tasks. Decodes data sets that the store does not hold yet."""
        self.store.create()
        seeds = range(self.request.seeds)
        return plan_estimation(self.registry, self.suite, self.budget, seeds, self.describe, self.request.only)

    def outstanding(self, rerun: Rerun) -> dict[str, Task]:
        """The tasks that a run would do, in plan order."""
        cells = [cell.key for cell in self.plan.cells if not cell.skip and cell.key not in self.foreign]
        wanted = {key for key in cells if is_wanted(self.records.get(key), rerun)}
        fits = {key for one in wanted for key in self.plan.tasks[one].needs}
        if rerun != "all":
            fits = {key for key in fits if not self.store.has_artifact(key)}
        return {key: task for key, task in self.plan.tasks.items() if key in wanted | fits}

    def run(self, rerun: Rerun = "missing") -> Outcome:
        """Do what is outstanding and write the board's list. What is stored stays if this is interrupted."""
        self.shelf.add_to_board(self.board, self._list())
        self._record_skips()
        return self._supervise(self.plan.tasks, self.outstanding(rerun), rerun)

    def _list(self) -> Board:
        lines = [Row.model_validate(cell, from_attributes=True) for cell in self.plan.cells]
        return Board(**self.heading, lines=lines)

    def _record_skips(self) -> None:
        """What cannot be had is a row with its reason."""
        for cell in self.plan.cells:
            if cell.skip and cell.key not in self.foreign:
                reason = shortened(cell.skip)
                skipped = Estimation(key=cell.key, status="skipped", reason=reason, **cell.parts)
                self.shelf.put_record(skipped)
