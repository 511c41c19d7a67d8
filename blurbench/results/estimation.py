"""What is stored of estimators: one JSON record for each estimator, collection of pictures and blur, and what makes up
a board. All validated when read, as the records of classifiers are."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AliasChoices, Field, model_validator

from blurbench.results.record import (
    AnyBoard,
    AnyLine,
    AnyRecord,
    Label,
    Number,
    Part,
    Seconds,
    Share,
    Stored,
    Whole,
)

__all__ = ["STEPS", "Board", "Errors", "Estimation", "Measured", "Row", "Sampling"]

STEPS = 80
"""Of stored maps, a pixel of sigma: 3 pixels fit into a byte."""


class Errors(Stored):
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


class Measured(Stored):
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
    flat_biases: list[Number] = Field(default=[])
    """The same of each picture that has flat windows."""
    textured_mse: Number | None = None
    """Of the other windows."""
    smoothing: Annotated[int, Field(ge=1)]
    """Readings averaged."""

    @model_validator(mode="after")
    def _counted(self) -> Self:
        if not len(self.raw.per_picture) == len(self.smoothed.per_picture) == self.pictures:
            raise ValueError("per_picture must have an entry for each picture")
        return self

    def close_to(self, other: Measured) -> bool:
        """Whether both are the same but for last digits, picture by picture."""
        counts = {"pictures", "readings", "stride", "smoothing"}
        return self.model_dump(include=counts) == other.model_dump(include=counts) and all(
            math.isclose(one, two, rel_tol=1e-3, abs_tol=1e-6)
            for errors in ("raw", "smoothed")
            for one, two in zip(getattr(self, errors).per_picture, getattr(other, errors).per_picture, strict=True)
        )


class Sampling(Stored):
    """How a suite has pictures blurred and read: what a cell's key depends on beside its axes and budget."""

    stride: Annotated[int, Field(ge=1, le=64)]
    smoothing: Annotated[int, Field(ge=1, le=999)]
    test_seed: Whole = 0


class Estimation(AnyRecord):
    """One measured cell of an estimator, or why there is none."""

    AXES: ClassVar[Mapping[str, str]] = {
        "estimator": "estimators",
        "fitted_on": "datasets",
        "tested_on": "datasets",
        "blur": "blurs",
    }
    FINDINGS = ("measured", "fit_seconds", "parameters", "seconds")

    estimator: Part
    fitted_on: Part | None = None
    """None where there is nothing to fit."""
    split: Literal["picture", "patch"] | None = None
    tested_on: Part
    blur: Part
    sampling: Sampling | None = None
    """None in records of blurbench before it was stored."""

    measured: Measured | None = None
    fit: dict[str, Any] = Field(default={})
    """Notes of the fit: losses and accuracies, epoch by epoch."""
    fit_seconds: Seconds | None = None
    parameters: Whole | None = None
    seconds: Seconds | None = None
    """For all maps."""

    @model_validator(mode="after")
    def _consistent(self) -> Estimation:
        if self.status == "ok" and self.measured is None:
            raise ValueError("an ok record needs what was measured")
        if (self.fitted_on is None) != (self.split is None):
            raise ValueError("fitted_on and split go together")
        return self

    @property
    def sigma(self) -> float | None:
        """The one sigma of a blur that is the same everywhere, a Gaussian's."""
        sigma = self.blur.spec.get("sigma")
        is_number = isinstance(sigma, int | float) and not isinstance(sigma, bool)
        return float(sigma) if self.blur.name == "gaussian" and is_number and sigma is not None else None

    def difference(self, other: Self) -> str:
        assert self.measured is not None
        assert other.measured is not None
        told = {*self.AXES, "split", "budget", "seed"}
        same = self.model_dump(include=told) == other.model_dump(include=told)
        here, there = self.measured, other.measured
        if same and here.close_to(there):
            return ""
        return f"a mean squared error of {here.raw.mse:.4g} and of {there.raw.mse:.4g}"


class Row(AnyLine):
    """Where a record of an estimator stands."""

    tested_on: Label
    blur: Label
    estimator: Label
    fitted_on: Label
    """Empty where there is nothing to fit, as is `split`."""
    split: Label


class Board(AnyBoard):
    """A board of estimators."""

    lines: list[Row] = Field(validation_alias=AliasChoices("lines", "rows"))
    """Called `rows` in boards of blurbench before bundles could hold them."""
