"""Keras's layers once more, from their definitions, to hold the networks against: `Layers` takes the weights out of a
network in the order in which it defines its layers, and applies them its own way."""

from __future__ import annotations

from itertools import chain

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters() if parameter.requires_grad)


def scrambled(network: nn.Module) -> nn.Module:
    """The network in double precision and eval mode, every weight and statistic random so that all of them show."""
    torch.manual_seed(0)
    for parameter in network.parameters():
        fan = parameter[0].numel() if parameter.dim() > 1 else 4
        parameter.data = torch.randn_like(parameter, dtype=torch.float64) * fan**-0.5
    for name, buffer in network.named_buffers():
        if name.endswith("running_mean"):
            buffer.normal_(std=0.3)
        if name.endswith("running_var"):
            buffer.uniform_(0.5, 1.5)
    return network.double().eval()


def padding_same(side: int, kernel: int, stride: int) -> tuple[int, int]:
    """Before and after: the output has ceil(side / stride) pixels, the odd pixel of padding goes after."""
    total = max((-(-side // stride) - 1) * stride + kernel - side, 0)
    return total // 2, total - total // 2


def conv_same(x: Tensor, weight: Tensor, bias: Tensor | None, stride: int) -> Tensor:
    rows, columns = (padding_same(side, weight.shape[-1], stride) for side in x.shape[-2:])
    return F.conv2d(F.pad(x, (*columns, *rows)), weight, bias, stride)


def transposed_same(x: Tensor, weight: Tensor, bias: Tensor | None, stride: int = 2) -> Tensor:
    """The adjoint of `conv_same`, by differentiating it, plus the bias."""
    larger = torch.zeros(len(x), weight.shape[1], *(stride * side for side in x.shape[-2:]), dtype=x.dtype)
    _, result = torch.autograd.functional.vjp(lambda z: conv_same(z, weight, None, stride), larger, x)
    return result if bias is None else result + bias[:, None, None]


class Layers:
    """The layers of networks, one after the other; each call takes the next one and checks its shape."""

    def __init__(self, *networks: nn.Module) -> None:
        kinds = nn.Conv2d | nn.ConvTranspose2d | nn.BatchNorm2d | nn.Linear
        modules = chain.from_iterable(network.modules() for network in networks)
        self.rest = [module for module in modules if isinstance(module, kinds)]

    def conv(self, x: Tensor, outputs: int, kernel: int, stride: int = 1, bias: bool = False) -> Tensor:
        layer = self.rest.pop(0)
        assert isinstance(layer, nn.Conv2d)
        assert layer.weight.shape == (outputs, x.shape[1], kernel, kernel)
        assert (layer.bias is not None) == bias
        return conv_same(x, layer.weight, layer.bias, stride)

    def up(self, x: Tensor, outputs: int, kernel: int, bias: bool = True) -> Tensor:
        layer = self.rest.pop(0)
        assert isinstance(layer, nn.ConvTranspose2d)
        assert layer.weight.shape == (x.shape[1], outputs, kernel, kernel)
        assert (layer.bias is not None) == bias
        return transposed_same(x, layer.weight, layer.bias)

    def norm(self, x: Tensor) -> Tensor:
        layer = self.rest.pop(0)
        assert isinstance(layer, nn.BatchNorm2d)
        mean, variance, scale, shift = (
            values[:, None, None] for values in (layer.running_mean, layer.running_var, layer.weight, layer.bias)
        )
        return (x - mean) / (variance + 1e-3).sqrt() * scale + shift
