"""What a network takes on this machine: it runs once on a few images."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from blurbench.contract import Classifier, Estimator, Restorer, Shape

if TYPE_CHECKING:
    import torch
    from torch import nn

__all__ = ["Profile", "profiled", "shortest"]

SOME_PIXELS = 200_000
"""What 32 images of MNIST have eight times over: so many, or 32 images, make a batch."""


class Profile(NamedTuple):
    """Seconds of one image forwards, and of one in training; parameters."""

    forwards: float = 0.0
    training: float = 0.0
    parameters: int = 0


def profiled(
    plugin: Classifier | Restorer | Estimator, shape: Shape, classes: int, device: str, threads: int
) -> Profile:
    """Build the plugin's network and run it. Raises what the plugin raises."""
    import torch

    torch.set_num_threads(threads)
    module = _built(plugin, shape, classes)
    if module is not None:
        module.eval().to(device)
    if isinstance(plugin, Estimator):  # whose network is fitted to windows, whatever the images are
        shape = Shape(1, plugin.window, plugin.window)
    batch = max(1, min(32, SOME_PIXELS // (shape.height * shape.width)))
    images = torch.rand(batch, shape.channels, shape.height, shape.width, device=device)

    def forwards() -> torch.Tensor:
        if isinstance(plugin, Restorer):
            return plugin.restore(images, module)
        assert module is not None
        output: torch.Tensor = module(images)
        return output

    def training() -> torch.Tensor:
        loss = forwards().square().mean()
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    with torch.no_grad():
        once = shortest(forwards, device, threads) / batch
    if module is None:
        return Profile(once)
    learning = shortest(training, device, threads) / batch
    return Profile(once, learning, sum(parameter.numel() for parameter in module.parameters()))


def _built(plugin: Classifier | Restorer | Estimator, shape: Shape, classes: int) -> nn.Module | None:
    if isinstance(plugin, Classifier):
        return plugin.build(shape, classes)
    if isinstance(plugin, Estimator):
        return plugin.build()
    return plugin.build(shape) if plugin.trainable else plugin.load(shape)


def shortest(run: Callable[[], Any], device: str, threads: int) -> float:
    """The shortest of three runs, or of what fits into a third of a second. `run` gives a tensor."""
    # A processor's own seconds: what else runs here now may not run then.
    clock = time.perf_counter if device.startswith("cuda") else lambda: time.process_time() / threads
    taken: list[float] = []
    while len(taken) < 3 and sum(taken) < 0.33:
        before = clock()
        run().flatten()[0].item()  # which waits for a device
        taken.append(clock() - before)
    return min(taken)
