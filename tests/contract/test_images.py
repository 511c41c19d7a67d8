"""What data sets hand over, under the classes of a network that knows more of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from blurbench.contract.images import Labelled, Split, Splits
from blurbench.errors import UsageError


def split(*labels: int) -> Split:
    images = np.zeros((len(labels), 1, 2, 2), np.uint8)
    return Split(images, np.array(labels), images + 1)


WHOLE = Splits(split(0, 1), split(1), split(1, 0, 1), ("cat", "dog"))


def test_images_are_labelled_by_the_places_of_their_classes_and_keep_their_photographs() -> None:
    found = WHOLE.among(("ant", "dog", "cat"))
    assert [part.labels.tolist() for part in (found.train, found.validation, found.test)] == [[2, 1], [1], [1, 2, 1]]
    assert found.class_names == ("ant", "dog", "cat")
    assert found.test.recorded is WHOLE.test.recorded
    assert found.test.labels.dtype == np.int64


def test_a_class_that_is_none_of_them_is_refused() -> None:
    with pytest.raises(UsageError, match="class 'dog' is none of the network's 2 classes; did you mean 'dogs'"):
        WHOLE.among(("cat", "dogs"))
    with pytest.raises(UsageError, match="class 'dog' is none of the network's"):
        Labelled(((Path("a.png"), "cat"),), ("cat", "dog")).among(["cat"])
