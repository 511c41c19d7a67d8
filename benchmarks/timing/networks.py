"""The networks of installed restorers and classifiers: one forward pass, one training step."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.timing.machine import Bystanders
from benchmarks.timing.plain_layers import NAME, has_large_kernels, torch_layers, with_torch_layers
from benchmarks.timing.results import OURS, Group, row_of
from benchmarks.timing.rounds import Patience, take_turns
from blurbench.contract import Classifier, Restorer, Shape
from blurbench.errors import BlurbenchError, UsageError
from blurbench.registry import Registry
from blurbench.training import seed_torch

__all__ = ["CLASSES", "SHAPE", "Named", "classifiers", "forward_group", "restorers", "step_group"]

SHAPE = Shape(1, 28, 28)
CLASSES = 10

FORWARD, BACKWARD = 1e-4, 1e-2
"""By which part results and gradients may differ with other layers, root mean square. Gradients jump where rounding
takes a value across the kink of a ReLU."""

Named: TypeAlias = tuple[str, nn.Module]


# --- which ---------------------------------------------------------------------------------------------------------


def restorers(registry: Registry, note: Callable[[str], None]) -> Iterator[Named]:
    """The networks of all restorers, for grey images of 28x28 pixels; those that cannot be had are noted."""
    for name in sorted(registry.entries["restorers"]):
        try:
            restorer = registry.resolve("restorers", name)
            module = restorer.build(SHAPE) if isinstance(restorer, Restorer) else None
        except (BlurbenchError, ImportError) as error:
            note(f"restorer {name} was left out: {error}")
            continue
        if module is not None:
            yield name, module


def classifiers(registry: Registry, note: Callable[[str], None]) -> Iterator[Named]:
    """The networks of all classifiers, for the same images and ten classes."""
    for name in sorted(registry.entries["classifiers"]):
        try:
            classifier: Classifier = registry.resolve("classifiers", name)
            yield name, classifier.build(SHAPE, CLASSES)
        except UsageError:
            note(f"classifier {name} was left out: it stands for many networks and needs to be told which")
        except (BlurbenchError, ImportError) as error:
            note(f"classifier {name} was left out: {error}")


# --- how fast ------------------------------------------------------------------------------------------------------


def forward_group(section: str, named: Named, batch: int, device: torch.device, patience: Patience) -> Group:
    """Images to restored images or logits, no gradients."""
    name, module = named
    module = module.to(device).eval()
    images = _images(batch, device)

    def forward() -> list[Tensor]:
        with torch.inference_mode():
            return [module(images)]

    operations = batch * _operations(lambda: module(images[:2])) // 2
    return _group(section, f"{name} forward", batch, module, forward, FORWARD, operations, device, patience)


def step_group(section: str, named: Named, batch: int, device: torch.device, patience: Patience) -> Group:
    """Forward, mean squared error against other images, backward, and a step of Adam."""
    name, module = named
    module = module.to(device).train()
    blurred, clean = _images(batch, device), _images(batch + 1, device)[1:]
    # Without a rate the weights stay what they are, so that every step has the same gradients to compare.
    optimiser = torch.optim.Adam(module.parameters(), lr=0.0)

    def backward(images: int) -> None:
        optimiser.zero_grad()
        _error(module(blurred[:images]), clean[:images]).backward()  # type: ignore[no-untyped-call]

    def step() -> list[Tensor]:
        backward(batch)
        optimiser.step()
        return [weight.grad for weight in module.parameters() if weight.grad is not None]

    operations = batch * _operations(lambda: backward(2)) // 2
    return _group(section, f"{name} training step", batch, module, step, BACKWARD, operations, device, patience)


def _group(
    section: str,
    what: str,
    batch: int,
    module: nn.Module,
    call: Callable[[], list[Tensor]],
    tolerance: float,
    operations: int,
    device: torch.device,
    patience: Patience,
) -> Group:
    """`call` as it is and, where `module` has layers of blurbench's for large kernels, with torch's."""
    names, calls, differences = [OURS], [call], [0.0]
    seed_torch(0, "dropout")
    ours = call()  # the warm-up
    if has_large_kernels(module) and device.type == "cpu":
        plain = with_torch_layers(call)
        seed_torch(0, "dropout")
        theirs = plain()
        names.append(NAME)
        calls.append(plain)
        differences.append(_difference(ours, theirs))
    bystanders = Bystanders()
    spent = take_turns(calls, device, patience, first=[0.0] * len(calls))
    others = bystanders.cores() or 0.0
    rows = tuple(
        row_of(name, seconds, difference, "" if difference <= tolerance else "another result")
        for name, seconds, difference in zip(names, spent, differences, strict=True)
    )
    return Group(section, what, f"{batch}x{SHAPE}", batch, rows, operations=operations, others=others)


def _images(batch: int, device: torch.device) -> Tensor:
    generator = torch.Generator().manual_seed(batch)
    return torch.rand(batch, SHAPE.channels, SHAPE.height, SHAPE.width, generator=generator).to(device)


def _error(restored: Any, clean: Tensor) -> Tensor:
    """The mean squared error; where a network gives images of several scales, their sum."""
    images = restored if isinstance(restored, tuple | list) else (restored,)
    errors = [F.mse_loss(image, F.adaptive_avg_pool2d(clean, image.shape[-2:])) for image in images]
    return torch.stack(errors).sum()


def _difference(ours: list[Tensor], theirs: list[Tensor]) -> float:
    """Root mean square of the difference, as a part of that of `theirs`."""
    squares = [(float((a - b).square().sum()), float(b.square().sum())) for a, b in zip(ours, theirs, strict=True)]
    return math.sqrt(sum(off for off, _ in squares) / sum(size for _, size in squares))


def _operations(call: Callable[[], object]) -> int:
    """Of plain convolutions and products, two for each multiply-accumulate."""
    with torch_layers(), FlopCounterMode(display=False) as counter:
        call()
    return int(counter.get_total_flops())
