"""Parts of a data set on the device."""

import numpy as np
import pytest
import torch

from blurbench.contract import Split
from blurbench.errors import UsageError
from blurbench.running.images import image_set


def test_more_images_than_memory_holds_are_refused_with_a_number_that_would_fit():
    images = np.broadcast_to(np.zeros((1, 3, 224, 224), np.uint8), (1_000_000, 3, 224, 224))  # holds no memory itself
    labels = np.zeros(1_000_000, np.int64)
    with pytest.raises(UsageError, match=r"1,000,000 images take .* GiB .* about [\d,]+ images would fit.* --limit"):
        image_set(Split(images, labels), None, torch.device("cpu"))
    assert len(image_set(Split(images, labels), 3, torch.device("cpu"))) == 3
