"""A fitted predictor, put together from a results folder and ready to use."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from dataclasses import astuple
from typing import TYPE_CHECKING, Any, TypeAlias

from blurbench.errors import UsageError

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray

    from blurbench.contract import Output
    from blurbench.takeaway.rows import Row

    Images: TypeAlias = torch.Tensor | NDArray[Any]

__all__ = ["Prediction", "Restoration", "checked_images", "float_images"]


class Prediction:
    """A fitted predictor: images in, logits out, and restored images where a restorer goes first."""

    def __init__(self, row: Row, device: str = "cpu") -> None:
        import torch

        from blurbench.running.runtime import WorkerRuntime

        fit, rows = row.fit, row.rows
        self.device = torch.device(device)
        self.runtime = WorkerRuntime(rows.registry, rows.store, self.device, lambda: None, rows.folders)
        self.predictor = self.runtime.predictor(fit)
        self.shape: tuple[int, int, int] = astuple(fit.data.shape)
        """Channels, rows, columns of the images that it was fitted to."""

    @property
    def batch(self) -> int | None:
        """How many images an answer depends on, where it adapts to those that come together; None: all of them."""
        return self.predictor.batch

    @property
    def at_once(self) -> int | None:
        """How many images it is asked about at once; None: all of them."""
        from blurbench.measurements.at_once import at_once

        return at_once(self.predictor, self.shape, self.device)

    @property
    def adapts(self) -> bool:
        """Whether an answer depends on the other images."""
        return self.predictor.adapts

    def __call__(self, images: Images) -> torch.Tensor:
        """Logits (N, classes) of images (N, C, H, W), float in [0, 1] or uint8, as tensor or array."""
        import torch

        return torch.cat([output.logits for output in self._asked(images)]).clone()

    def restore(self, images: Images) -> torch.Tensor | None:
        """What its classifier is asked about, where a restorer goes first; else None."""
        import torch

        restored = [output.restored for output in self._asked(images) if output.restored is not None]
        return torch.cat(restored).clone() if restored else None

    def _asked(self, images: Images) -> list[Output]:
        import torch

        given = checked_images(images)
        return list(self.stream(torch.split(given, self.at_once or max(1, len(given)))))

    def stream(self, batches: Iterable[Images]) -> Iterator[Output]:
        """Answers to one stream of images, batch by batch; what adapts remembers from batch to batch."""
        import torch

        from blurbench.contract import Degraded

        self.predictor.start()
        for batch in batches:
            images = float_images(batch)
            if tuple(images.shape[1:]) != self.shape:
                raise UsageError(f"images are {tuple(images.shape[1:])}, and it was fitted to {self.shape}")
            with nullcontext() if self.predictor.gradients else torch.inference_mode():
                output = self.predictor.predict(Degraded(images.to(self.device, copy=True), None))
            yield output


class Restoration:
    """A fitted restorer: images in, images of the same shape out."""

    def __init__(self, prediction: Prediction) -> None:
        self.prediction = prediction
        self.shape = prediction.shape

    def __call__(self, images: Images) -> torch.Tensor:
        """Restored images (N, C, H, W) of images of that shape; values may leave [0, 1]."""
        restored = self.prediction.restore(images)
        if restored is None:
            raise UsageError("no restorer goes first in this row: it gives logits alone")
        return restored


def float_images(images: Images) -> torch.Tensor:
    """Images (N, C, H, W) as float32 in [0, 1]. Raises UsageError for what are none."""
    import torch

    given = checked_images(images)
    return given.float() / 255 if given.dtype == torch.uint8 else given.float()


def checked_images(images: Images) -> torch.Tensor:
    """Images (N, C, H, W), uint8 or floating-point, as they are. Raises UsageError for what are none."""
    import torch

    from blurbench.imaging.arguments import check_images

    given = torch.as_tensor(images)
    check_images(given, bytes_too=True)
    return given
