"""What is stored of an estimator's cell. All lengths are in pixels of sigma."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from blurbench.errors import counted
from blurbench.measurements.schema import Number, Result, Seconds, Share, Stored, Whole

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["SMALLEST_SCALE", "Errors", "EstimationResult", "Measured", "steps_of"]

SMALLEST_SCALE = 3
"""Pixels of sigma that stored maps have room for at the least."""


def steps_of(largest: int) -> float:
    """Of stored maps, a pixel of sigma, so that `largest` fits into a byte."""
    return 240 / largest


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
    uniform_sigma: Number | None = None
    """The true sigma in pixels, where it is the same everywhere."""

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


class EstimationResult(Result):
    """What an estimator read off the test pictures of a cell."""

    images_of_its_own = frozenset({"measured"})
    score_name, score_form = "RMSE", "{:.2f} px"

    measure: Literal["blur-estimation"]
    measured: Measured
    fit: dict[str, Any] = Field(default={})
    """Notes of the fit: losses and accuracies, epoch by epoch."""
    fit_seconds: Seconds | None = None
    parameters: Whole
    seconds: Seconds
    """For all maps."""

    @property
    def score(self) -> float:
        return self.measured.raw.rmse

    @property
    def seconds_taken(self) -> float:
        return self.seconds

    @property
    def fitting_seconds(self) -> float:
        return self.fit_seconds or 0.0

    def fitted_answers(self) -> NDArray[np.float64] | None:
        import numpy as np

        return np.array(self.measured.raw.per_picture) if self.fit_seconds and self.parameters else None

    def difference(self, other: Self) -> str:
        if self.measured.close_to(other.measured):
            return ""
        return f"a mean squared error of {self.measured.raw.mse:.4g} and of {other.measured.raw.mse:.4g}"

    def repeated(self, again: Self) -> tuple[bool, str]:
        pictures = self.measured.pictures
        if self.measured.close_to(again.measured):
            return True, f"the same squared errors on {counted(pictures, 'picture')}"
        return False, self.difference(again)

    def refitted(self, again: Self) -> tuple[bool, str]:
        import numpy as np

        from blurbench.metrics.mean_intervals import picture_mean_interval

        if self.measured.pictures != again.measured.pictures or self.measured.pictures < 2:
            return self.repeated(again)
        errors = [np.array(one.measured.raw.per_picture) for one in (again, self)]
        found = picture_mean_interval((errors[0] - errors[1])[None])
        could = "can" if found.excludes_zero else "cannot"
        interval = f"{found.estimate:+.4g} [{found.low:+.4g}, {found.high:+.4g}] squared pixels"
        return (
            not found.excludes_zero,
            f"one seed is stored, so pictures only: {interval}, which {could} be told from 0",
        )
