"""Parts of a data set on the device."""

from contextlib import nullcontext

import numpy as np
import pytest
import torch

from blurbench.contract import Split
from blurbench.errors import UsageError
from blurbench.registry import Registry
from blurbench.running.images import TrainingBlur, image_set


def test_more_images_than_memory_holds_are_refused_with_a_number_that_would_fit():
    images = np.broadcast_to(np.zeros((1, 3, 224, 224), np.uint8), (1_000_000, 3, 224, 224))  # holds no memory itself
    labels = np.zeros(1_000_000, np.int64)
    with pytest.raises(UsageError, match=r"1,000,000 images take .* GiB .* about [\d,]+ images would fit.* --limit"):
        image_set(Split(images, labels), None, torch.device("cpu"))
    assert len(image_set(Split(images, labels), 3, torch.device("cpu"))) == 3


def test_a_part_of_the_validation_images_meets_the_blur_that_the_whole_meets(registry: Registry) -> None:
    everything = Split(np.full((40, 1, 8, 8), 128, np.uint8), np.zeros(40, np.int64))
    train, validation = (image_set(everything, None, torch.device("cpu"), name) for name in ("train", "validation"))
    noise = registry.resolve("blurs", "gaussian-noise[std=20]")
    blur = TrainingBlur(noise, 7, train, validation, nullcontext)
    some = slice(10, 20)
    assert torch.equal(blur(validation.part(some), 3).images, blur(validation, 3).images[some])
    assert torch.equal(blur(train.part(some), 3).images, blur(train, 3).images[some])
    assert not torch.equal(blur(train.part(some), 3).images, blur(validation.part(some), 3).images)
