"""What a row says of pictures in files, brought to its size as its data set brings its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, astuple, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from blurbench.contract import Dataset
from blurbench.errors import BlurbenchError, PluginError, UsageError
from blurbench.imaging.files import decoding_error, open_regular

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from blurbench.takeaway.prediction import Prediction
    from blurbench.takeaway.rows import Row

__all__ = ["Answer", "Refused", "answers", "remarks"]

AT_ONCE = 2**26
"""So many values are decoded at a time, where the number of images is the predictor's choice."""


@dataclass(frozen=True)
class Answer:
    """What a picture was taken for."""

    path: Path
    name: str
    """Of the class."""
    label: int
    """Its number, from 0."""
    confidence: float
    """The softmax of its logit."""

    def facts(self) -> dict[str, Any]:
        named = {"file": str(self.path), "class": self.name}
        return {**named, "label": self.label, "confidence": round(self.confidence, 4)}


@dataclass(frozen=True)
class Refused:
    """A picture that could not be read, and why."""

    path: Path
    reason: str

    def facts(self) -> dict[str, str]:
        return {name: str(value) for name, value in asdict(self).items()}


def answers(row: Row, prediction: Prediction, paths: Sequence[Path]) -> Iterator[Answer | Refused]:
    """One for each picture, in their order but for those that cannot be read, which come when they are met.

    Where a row adapts, the pictures are its stream: in this order, in batches of the size that it declares. Raises
    UsageError for a row that no photograph can be given to.
    """
    from blurbench.metrics.accuracy import confidence_of

    if row.fit.setting.strategy.knows() == "true PSF":
        raise UsageError(f"{row.name} is told the true PSF of each image, which nobody knows of a photograph")
    names, met, waiting = row.class_names, list[Path](), list[Refused]()
    batches = _batches(row, paths, _size(prediction, len(paths)), met, waiting)
    for output in prediction.stream(batches):
        yield from waiting
        labels, confidences = confidence_of(output.logits.detach())
        for path, label, confidence in zip(met, labels.tolist(), confidences.tolist(), strict=True):
            yield Answer(path, names[label], label, confidence)
        met.clear()
        waiting.clear()
    yield from waiting


def _size(prediction: Prediction, pictures: int) -> int:
    channels, height, width = prediction.shape
    size = prediction.at_once or pictures
    return size if prediction.adapts else min(size, max(1, AT_ONCE // (channels * height * width)))


def _batches(
    row: Row, paths: Sequence[Path], size: int, met: list[Path], refused: list[Refused]
) -> Iterator[NDArray[np.uint8]]:
    """Pictures (N, C, H, W), `size` at a time; `met` and `refused` say which, and which are not among them."""
    import numpy as np

    images: list[NDArray[np.uint8]] = []
    for path in paths:
        try:
            images.append(_picture(row, path))
            met.append(path)
        except UsageError as error:
            refused.append(Refused(path, str(error)))
        if len(images) == size:
            yield np.stack(images)
            images = []
    if images:
        yield np.stack(images)


def _picture(row: Row, path: Path) -> NDArray[np.uint8]:
    dataset, shape = row.fit.dataset, row.fit.data.shape
    try:
        with open_regular(path) as file:
            picture = dataset.picture(file, shape)
    except BlurbenchError as error:
        raise UsageError(f"{path}: {error}") from None
    except Exception as error:  # a damaged file may raise anything
        raise UsageError(f"{path}: cannot be decoded ({decoding_error(error)}); mend or remove it") from None
    if str(picture.dtype) != "uint8" or picture.shape != astuple(shape):
        who = f"data set {type(dataset).__name__}"
        raise PluginError(f"{who}: picture() gave {picture.dtype} {picture.shape}, wanted uint8 of {shape}")
    return picture


def remarks(row: Row, prediction: Prediction, pictures: int) -> Iterator[str]:
    """What a user should know of these answers."""
    if type(row.fit.dataset).picture is Dataset.picture:
        shape = row.fit.data.shape
        yield (
            f"{row.labels['dataset']} is not made of files: the central square of each picture is brought to {shape}, "
            "and whether it looks as those images do is for you to see"
        )
    if prediction.adapts:
        size = prediction.batch
        many = "all pictures at once" if size is None else f"batches of {size}, in the order of the files"
        yield f"{row.name} adapts to what it meets: {many}, so an answer depends on the other pictures"
        if size is not None and pictures < size:
            yield f"it was measured with {size} images at a time, and there are {pictures}: expect less of it"
