"""Shapes of images, the size of a network, and how often it is right."""

import torch
from blurbench_classifiers.cnn3 import Cnn3
from torch import nn

from blurbench.contract import Degraded, ModulePredictor, Shape

MNIST, DIGITS = Shape(1, 28, 28), Shape(1, 16, 16)
NARROW = Cnn3((16, 32, 64))


def parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def as_tensors(split) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.from_numpy(split.images).float() / 255, torch.from_numpy(split.labels)


def accuracy(module: nn.Module, images: torch.Tensor, labels: torch.Tensor) -> float:
    logits = ModulePredictor(module).predict(Degraded(images, None)).logits
    return (logits.argmax(1) == labels).float().mean().item()
