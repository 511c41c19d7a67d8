"""What stored results are made of: exactly these fields, bounded and finite, never changed afterwards."""

from __future__ import annotations

from typing import Annotated, ClassVar, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["Key", "Label", "Number", "Result", "Seconds", "Share", "Stored", "Text", "Whole"]

Text: TypeAlias = Annotated[str, Field(max_length=400)]
Label: TypeAlias = Annotated[str, Field(max_length=4000)]
Share: TypeAlias = Annotated[float, Field(ge=0, le=1)]
Seconds: TypeAlias = Annotated[float, Field(ge=0, lt=1e9)]
Number: TypeAlias = Annotated[float, Field(allow_inf_nan=False)]
Whole: TypeAlias = Annotated[int, Field(ge=0, lt=2**53)]
Key: TypeAlias = Annotated[str, Field(pattern=r"^[0-9a-f]{16,64}$")]


class Stored(BaseModel):
    """Exactly these fields, every number finite, and nothing is changed afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Result(Stored):
    """What a cell measured."""

    measure: str
    """The name of the measurement, which tells which fields there are."""
    images_of_its_own: ClassVar[frozenset[str]]
    """The fields that hold a number an image, so that they are as long as there are images."""

    @property
    def headline(self) -> str:
        """The result in a few words, as progress reports show it."""
        return "done"

    @property
    def timing(self) -> str | None:
        """The key of the `Timing` that it names."""
        return None

    @property
    def seconds_taken(self) -> float:
        """How long measuring took."""
        raise NotImplementedError

    def difference(self, other: Self) -> str:
        """What another measurement of the same cell says otherwise, times and last digits aside; empty if nothing."""
        raise NotImplementedError
