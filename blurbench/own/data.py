"""Images and labels as users have them in Python, brought to the one form that is measured: 8 bits, (N, C, H, W)."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from blurbench.errors import UsageError
from blurbench.own.given import Images, shown_error

__all__ = ["images_and_labels"]

SLACK = 1e-3
"""By so much values may lie beyond 0 and 1."""
ROUNDING = 1e-5
"""Larger differences from the nearest of 256 levels are said."""


def images_and_labels(data: Any) -> Images:
    """Of `(images, labels)`, or of a map-style torch data set. Raises UsageError for anything else."""
    if isinstance(data, tuple | list) and len(data) == 2 and not isinstance(data[0], tuple | list):
        images, labels = _array(data[0], "images"), _array(data[1], "labels")
        names: tuple[str, ...] = ()
    elif hasattr(data, "__getitem__") and hasattr(data, "__len__"):
        images, labels = _gathered(data)
        names = tuple(map(str, getattr(data, "classes", ())))
    else:
        raise UsageError(
            f"data is of the type {type(data).__name__}: give a folder with a folder for each class, (images, labels), "
            "or a torch data set of pairs of image and label"
        )
    return Images(_eight_bits(images), _labels(labels, len(images)), names)


def _array(values: Any, what: str) -> NDArray[Any]:
    try:
        array = values.detach().cpu().numpy() if isinstance(values, torch.Tensor) else np.asarray(values)
    except Exception as error:  # whatever a stranger's type raises
        raise UsageError(f"{what} cannot be read as an array: {shown_error(error)}") from None
    return array


# --- torch data sets -----------------------------------------------------------------------------------------------


def _gathered(data: Any) -> tuple[NDArray[Any], NDArray[Any]]:
    pairs = list(_pairs(data))
    if not pairs:
        raise UsageError("the data set is empty")
    first = pairs[0][0].shape
    for place, (image, _) in enumerate(pairs):
        if image.shape != first:
            raise UsageError(
                f"image {place} is {image.shape} and image 0 is {first}: bring all to one size, by a transform of the "
                "data set"
            )
    return np.stack([image for image, _ in pairs]), np.array([label for _, label in pairs])


def _pairs(data: Any) -> Iterator[tuple[NDArray[Any], Any]]:
    for place in range(len(data)):
        try:
            image, label = data[place]
        except Exception as error:  # whatever a stranger's data set raises
            raise UsageError(f"the data set gave no image and label at {place}: {shown_error(error)}") from None
        yield _channels_first(image, place), _array(label, f"label {place}")


def _channels_first(image: Any, place: int) -> NDArray[Any]:
    if hasattr(image, "convert"):  # Pillow's, whose arrays have their channels last
        image = image.convert("L" if image.mode in ("1", "L", "I", "F") else "RGB")
        array = np.asarray(image)
        return array[None] if array.ndim == 2 else array.transpose(2, 0, 1)
    array = _array(image, f"image {place}")
    if array.ndim != 3:
        raise UsageError(f"image {place} is {array.shape}, wanted (C, H, W)")
    return array


# --- checks --------------------------------------------------------------------------------------------------------


def _eight_bits(images: NDArray[Any]) -> NDArray[np.uint8]:
    if images.ndim != 4 or not images.size or images.shape[1] > min(images.shape[2:]):
        raise UsageError(f"images must be (N, C, H, W), not {images.shape}")
    if images.dtype == np.uint8:
        return images
    if images.dtype.kind != "f":
        raise UsageError(f"images must be float in [0, 1] or uint8, not {images.dtype}")
    low, high = float(images.min()), float(images.max())
    if not (low >= -SLACK and high <= 1 + SLACK):  # so that NaN is caught, too
        raise UsageError(
            f"images must be in [0, 1], and yours go from {low:.3g} to {high:.3g}: give them as they are before "
            "standardising, and mean= and deviation= for the network"
        )
    levels = (images.clip(0, 1) * 255).round().astype(np.uint8)
    if (change := float(np.abs(levels / np.float32(255) - images).max())) > ROUNDING:
        logging.getLogger("blurbench").warning(
            "images are measured with 8 bits, as cameras give them: yours change by up to %.1g", change
        )
    return levels


def _labels(labels: NDArray[Any], count: int) -> NDArray[np.int64]:
    if labels.shape != (count,) or labels.dtype.kind not in "iu":
        raise UsageError(f"labels must be {count} whole numbers, one an image, not {labels.shape} of {labels.dtype}")
    if labels.min() < 0:
        raise UsageError(f"label {labels.min()} (image {labels.argmin()}) is negative: classes are numbered from 0")
    return labels.astype(np.int64)
