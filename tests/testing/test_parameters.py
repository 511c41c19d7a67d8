"""What all kinds promise of their parameters."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import pytest

from blurbench.contract import (
    Pixels,
    Plugin,
)
from blurbench.testing.samples import (
    SampleBlur,
)
from tests.testing.broken import Faults, check_found

FAULTS = Faults()
breaks = FAULTS.breaks


@breaks("the number 'width' has no range")
class NoRange(SampleBlur):
    width: float = 1.0


@breaks("it comes back from a record as")
class Derived(SampleBlur):
    width: Annotated[float, Pixels(1, 3)] = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "width", self.width + 1 if self.width < 2.5 else self.width)


@breaks("the defaults are refused: blur 'default-too-large': width: must lie between 1 and 3")
class DefaultTooLarge(SampleBlur):
    width: Annotated[float, Pixels(1, 3)] = 4.0


@breaks("revision is 0")
class NoRevision(SampleBlur):
    revision: ClassVar[int] = 0


@breaks("width = 'no such value' is not refused")
class TakesAnything(SampleBlur):
    width: Any = 1


@breaks("cannot be made: KeyError: 2.0")
class UnclearRefusal(SampleBlur):
    width: Annotated[float, Pixels(1, 3)] = 2.0

    def __post_init__(self) -> None:
        raise KeyError(self.width)


@pytest.mark.parametrize(("cls", "finding"), FAULTS)
def test_the_broken_promise_is_the_one_that_is_found(cls: type[Plugin], finding: str) -> None:
    check_found(cls, finding)
