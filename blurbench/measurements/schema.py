"""What stored results are made of: exactly these fields, bounded and finite, never changed afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Key", "Label", "MeasureName", "Number", "Result", "Seconds", "Share", "Stored", "Text", "Whole"]

Text: TypeAlias = Annotated[str, Field(max_length=400)]
Label: TypeAlias = Annotated[str, Field(max_length=4000)]
Share: TypeAlias = Annotated[float, Field(ge=0, le=1)]
Seconds: TypeAlias = Annotated[float, Field(ge=0, lt=1e9)]
Number: TypeAlias = Annotated[float, Field(allow_inf_nan=False)]
Whole: TypeAlias = Annotated[int, Field(ge=0, lt=2**53)]
Key: TypeAlias = Annotated[str, Field(pattern=r"^[0-9a-f]{16,64}$")]


MeasureName: TypeAlias = Literal["accuracy", "blur-estimation"]


class Stored(BaseModel):
    """Exactly these fields, every number finite, and nothing is changed afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Result(Stored):
    """What a cell measured."""

    measure: str
    """The name of the measurement, which tells which fields there are."""
    images_of_its_own: ClassVar[frozenset[str]]
    """The fields that hold a number an image, so that they are as long as there are images."""
    score_name: ClassVar[str]
    """What `score` is called."""
    score_form: ClassVar[str]
    """How it is written."""

    @property
    def score(self) -> float:
        """The one number that stands for the result."""
        raise NotImplementedError

    @property
    def headline(self) -> str:
        """The result in a few words, as progress reports show it."""
        return f"{self.score_name} {self.score_form.format(self.score)}"

    @property
    def timing(self) -> str | None:
        """The key of the `Timing` that it names."""
        return None

    @property
    def seconds_taken(self) -> float:
        """How long measuring took."""
        raise NotImplementedError

    @property
    def fitting_seconds(self) -> float:
        """How long everything took that was fitted for it."""
        return 0.0

    def fitted_answers(self) -> NDArray[np.float64] | None:
        """(units,): what no two fits have in common, NaN where an answer does not tell; None where nothing was fitted,
        or too little was measured to tell."""
        raise NotImplementedError

    def difference(self, other: Self) -> str:
        """What another measurement of the same cell says otherwise, times and last digits aside; empty if nothing."""
        raise NotImplementedError

    def repeated(self, again: Self) -> tuple[bool, str]:
        """Whether measuring the same artifacts again gave the same, and what came of it in words."""
        raise NotImplementedError

    def refitted(self, again: Self) -> tuple[bool, str]:
        """Whether what was fitted anew can be told from this by the images, and what came of it in words."""
        raise NotImplementedError
