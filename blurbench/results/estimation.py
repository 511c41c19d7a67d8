"""What is stored of estimators: one JSON record for each estimator, collection of pictures and blur, and what makes up
a board. They lie in the folder `estimations` of the results folder, and are validated when they are read."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from blurbench.results.record import Key, Label, Number, Part, Seconds, Share, Text, Whole
from blurbench.results.store import Store, read_if_there, write_atomically

__all__ = ["STEPS", "Board", "Errors", "Estimation", "Measured", "Row", "Shelf"]

STEPS = 80
"""Of stored maps, a pixel of sigma: 3 pixels fit into a byte."""


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Errors(_Model):
    """Over all readings of all pictures, in pixels of sigma; the square roots are taken of the means."""

    mse: Number
    rmse: Number
    bias: Number
    """Mean of estimate - truth."""
    per_picture: list[Number]
    """MSE of each picture."""

    @model_validator(mode="after")
    def _consistent(self) -> Errors:
        if not self.per_picture or abs(sum(self.per_picture) / len(self.per_picture) - self.mse) > 1e-6 * (
            1 + self.mse
        ):
            raise ValueError("mse must be the mean of per_picture")
        if abs(self.rmse**2 - self.mse) > 1e-6 * (1 + self.mse):
            raise ValueError("rmse must be the square root of mse")
        return self


class Measured(_Model):
    """What an estimator's maps of one collection under one blur came to."""

    pictures: Annotated[int, Field(ge=1)]
    readings: Annotated[int, Field(ge=1)]
    """Windows read, over all pictures."""
    stride: Annotated[int, Field(ge=1)]
    raw: Errors
    smoothed: Errors
    """After a moving average along the direction in which sigma changes."""
    oracle_mse: Number
    """Of the nearest answer that it can give: what its steps and limits cost."""
    mean_answer_mse: Number
    """Of the best constant, the mean of the true map."""
    accuracy: Share | None = None
    """Share of readings that were the nearest answer; None where it can answer anything."""
    flat_share: Share
    """Of windows with a standard deviation below 10 of 255 before the blur: nothing can be read off them."""
    flat_bias: Number | None = None
    flat_biases: list[Number] = []
    """The same of each picture that has flat windows."""
    textured_mse: Number | None = None
    """Of the other windows."""
    smoothing: Annotated[int, Field(ge=1)]
    """Readings averaged."""


class Estimation(_Model):
    """One measured cell of an estimation suite, or why there is none."""

    schema_version: Literal[1] = 1
    key: Key
    status: Literal["ok", "failed", "skipped", "blocked"]
    reason: Text = ""
    log: Text = ""

    estimator: Part
    fitted_on: Part | None = None
    """None where there is nothing to fit."""
    split: Literal["picture", "patch"] | None = None
    tested_on: Part
    blur: Part
    budget: dict[str, Any]
    seed: Whole

    measured: Measured | None = None
    fit: dict[str, Any] = {}
    """Notes of the fit: losses and accuracies, epoch by epoch."""
    fit_seconds: Seconds | None = None
    parameters: Whole | None = None
    seconds: Seconds | None = None
    """For all maps."""
    provenance: dict[str, Any] = {}

    @model_validator(mode="after")
    def _consistent(self) -> Estimation:
        if self.status == "ok" and self.measured is None:
            raise ValueError("an ok record needs what was measured")
        if self.status != "ok" and not self.reason:
            raise ValueError(f"a {self.status} record needs a reason")
        return self


class Row(_Model):
    """Where a record stands on a board, as the suite words it."""

    key: Key
    estimator: Label
    fitted_on: Label
    split: Label
    tested_on: Label
    blur: Label
    seed: Whole

    def place(self) -> tuple[str, str, str, str, str, int]:
        """The coordinates without the key."""
        return (self.tested_on, self.blur, self.estimator, self.fitted_on, self.split, self.seed)


class Board(_Model):
    """The cells of one board in suite order."""

    schema_version: Literal[1] = 1
    suite: Text
    suite_version: Whole
    title: Text
    budget: Text
    budget_values: dict[str, Any]
    content: Key
    rows: list[Row]
    commands: list[Label] = []


class Shelf:
    """The part of a results folder that holds estimations."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.root = store.root / "estimations"

    def record(self, key: str) -> Estimation | None:
        """The valid record of that key, if there is one."""
        found: Estimation | None = read_if_there(Estimation, self.root / key[:2] / f"{key}.json")
        return found if found is not None and found.key == key else None

    def put_record(self, record: Estimation) -> None:
        text = record.model_dump_json(exclude_defaults=True)
        write_atomically(self.root / record.key[:2] / f"{record.key}.json", text + "\n")

    def boards(self) -> list[str]:
        """The names of all boards."""
        return sorted(path.stem for path in self.root.glob("*.json"))

    def board(self, name: str) -> Board | None:
        found: Board | None = read_if_there(Board, self.root / f"{name}.json")
        return found

    def put_board(self, name: str, board: Board) -> None:
        write_atomically(self.root / f"{name}.json", board.model_dump_json(indent=1) + "\n")
