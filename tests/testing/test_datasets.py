"""What data sets promise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from blurbench.contract import (
    Plugin,
    Split,
    Splits,
)
from blurbench.testing.samples import (
    SampleDigits,
)
from tests.testing.broken import Faults, check_found

FAULTS = Faults()
breaks = FAULTS.breaks


class _Digits(SampleDigits):
    def load(self, folders: Sequence[Path]) -> Splits:
        return self.changed(super().load(folders))

    def changed(self, whole: Splits) -> Splits:
        return whole


@breaks("300 of the 300 validation images are training images, too")
class OverlappingParts(_Digits):
    def changed(self, whole: Splits) -> Splits:
        return replace(whole, validation=Split(whole.train.images[:300], whole.train.labels[:300]))


@breaks("test images must be uint8 and labels int64")
class FloatImages(_Digits):
    def changed(self, whole: Splits) -> Splits:
        images: Any = whole.test.images.astype(np.float32)
        return replace(whole, test=Split(images, whole.test.labels))


@breaks("load() gave other images or labels when asked again")
class NewOrder(_Digits):
    loads: ClassVar[list[int]] = []

    def changed(self, whole: Splits) -> Splits:
        self.loads.append(1)
        order = np.random.default_rng(len(self.loads)).permutation(len(whole.train))
        return replace(whole, train=Split(whole.train.images[order], whole.train.labels[order]))


@breaks("lineage is empty")
class NoLineage(SampleDigits):
    lineage: ClassVar[frozenset[str]] = frozenset()


@pytest.mark.parametrize(("cls", "finding"), FAULTS)
def test_the_broken_promise_is_the_one_that_is_found(cls: type[Plugin], finding: str) -> None:
    check_found(cls, finding)
