"""The network of `srn` in its three published forms, and the loss over all scales."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from blurbench_restorers.networks.keras import ConvUp, Norm, conv, initialise
from blurbench_restorers.networks.lstm import ConvLstm, DenseLstm, State
from blurbench_restorers.networks.sizes import doubled, padded, shrunk

__all__ = ["Form", "Srn", "error_at_all_scales", "published"]

FormName: TypeAlias = Literal["cifar", "reds", "original"]

LSTM_UNITS = 32
"""Of the form `cifar`; the convolutional LSTMs have as many as the deepest maps have channels."""


@dataclass(frozen=True)
class Form:
    """What the published forms differ in."""

    scales: int
    channels: int
    """Of the maps at full size; half and quarter size have twice and four times as many."""
    deconv: int
    """Side of the transposed kernels."""
    shared: bool
    """One network for all scales, or one for each."""
    lstm: bool
    lstm_kernel: int | None
    """Side of the LSTM's kernels; None: not convolutional, all maps are flattened."""
    passes_state: bool
    """The LSTM hands its state to the next scale."""
    normalised: bool = False
    """Batch norms, leaky ReLUs, also at the end of residual branches, and a sigmoid after a kernel of one pixel; else
    ReLUs, and nothing after the last kernel."""
    bias: bool = False
    """Of the convolutions; transposed and last ones have it always."""
    chained_start: bool = False
    """Two convolutions of half as many channels, the second after the first, put side by side."""
    concatenates: bool = False
    """The coarser scale's image is put beside the blurred one and stops the gradient; else it is added."""
    deconv_act: Literal["same", "sigmoid"] = "same"


FORMS: dict[FormName, Form] = {
    "cifar": Form(2, 32, 4, shared=False, lstm=False, lstm_kernel=None, passes_state=True, normalised=True),
    "reds": Form(2, 16, 2, shared=False, lstm=True, lstm_kernel=5, passes_state=False, chained_start=True),
    "original": Form(3, 32, 4, shared=True, lstm=False, lstm_kernel=3, passes_state=True, bias=True, concatenates=True),
}


def published(
    name: FormName,
    shared: bool | None = None,
    lstm: bool | None = None,
    deconv: int | None = None,
    deconv_act: Literal["same", "sigmoid"] = "same",
) -> Form:
    """A published form with what is not None changed."""
    form = FORMS[name]
    return replace(
        form,
        shared=form.shared if shared is None else shared,
        lstm=form.lstm if lstm is None else lstm,
        deconv=form.deconv if deconv is None else deconv,
        deconv_act=deconv_act,
    )


class Srn(nn.Module):
    """Restores the image at the coarsest scale, then at each finer one with the help of the coarser result."""

    def __init__(self, channels: int, height: int, width: int, form: Form, wide: float) -> None:
        super().__init__()
        self.form = form
        self.factors = [2**step for step in reversed(range(form.scales))]
        self.multiple = 4 * self.factors[0]
        first, second, third = (max(2, round(wide * form.channels)) * times for times in (1, 2, 4))
        inputs = 2 * channels if form.concatenates else channels
        networks = 1 if form.shared else form.scales
        self.networks = nn.ModuleList(Scale(form, inputs, channels, (first, second, third)) for _ in range(networks))
        self.recurrences = nn.ModuleList()
        if form.lstm and form.lstm_kernel is not None:
            lstms = [ConvLstm(third, form.lstm_kernel, form.passes_state) for _ in range(networks)]
            self.recurrences.extend(lstms)
        elif form.lstm:
            units = max(1, round(wide * LSTM_UNITS))
            # One for each scale, shared or not: what they flatten has other sizes.
            self.recurrences.extend(DenseLstm((third, *size), units) for size in self._deepest_sizes(height, width))

    def _deepest_sizes(self, height: int, width: int) -> list[tuple[int, int]]:
        rows, columns = -(-height // self.multiple), -(-width // self.multiple)
        return [(rows * times, columns * times) for times in reversed(self.factors)]

    def forward(self, images: Tensor) -> Tensor | tuple[Tensor, ...]:
        """Restored images of (N, C, H, W), any size: sides are padded to a multiple of 8 (three scales: 16) and cropped
        again. In training mode the images of all scales, (N, C, H // factor, W // factor), coarsest first.

        Raises Skip where the LSTM was made for images of another size."""
        height, width = images.shape[-2:]
        whole = padded(images, self.multiple)
        restored: Tensor | None = None
        state: State | None = None
        outputs = []
        for number, factor in enumerate(self.factors):
            network = self.networks[number % len(self.networks)]
            assert isinstance(network, Scale)
            fine, middle, deepest = network.encode(self._joined(shrunk(whole, factor), restored))
            if self.recurrences:
                deepest, state = self.recurrences[number % len(self.recurrences)](deepest, state)
            restored = network.decode(fine, middle, deepest)
            outputs.append(restored[..., : height // factor, : width // factor])
        return tuple(outputs) if self.training else outputs[-1].contiguous()

    def _joined(self, blurred: Tensor, coarser: Tensor | None) -> Tensor:
        if not self.form.concatenates:
            return blurred if coarser is None else blurred + doubled(coarser)
        return torch.cat([blurred, blurred if coarser is None else doubled(coarser.detach())], dim=1)


class Scale(nn.Module):
    """The encoder and the decoder of one scale; its skips are sums."""

    def __init__(self, form: Form, inputs: int, outputs: int, channels: tuple[int, int, int]) -> None:
        super().__init__()
        first, second, third = channels
        self.into = nn.Sequential(_start(form, inputs, first), *_residuals(form, first))
        self.down_middle = nn.Sequential(_activated(form, first, second, stride=2), *_residuals(form, second))
        self.down_deepest = nn.Sequential(_activated(form, second, third, stride=2), *_residuals(form, third))
        self.up_middle = nn.Sequential(*_residuals(form, third), _up(form, third, second))
        self.up_fine = nn.Sequential(*_residuals(form, second), _up(form, second, first))
        self.out = nn.Sequential(*_residuals(form, first), _end(form, first, outputs))
        initialise(self)

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Maps at full, half and quarter size."""
        fine = self.into(x)
        middle = self.down_middle(fine)
        return fine, middle, self.down_deepest(middle)

    def decode(self, fine: Tensor, middle: Tensor, deepest: Tensor) -> Tensor:
        """The restored images."""
        restored: Tensor = self.out(fine + self.up_fine(middle + self.up_middle(deepest)))
        return restored


class Residual(nn.Module):
    """x + two convolutions of x."""

    def __init__(self, form: Form, channels: int) -> None:
        super().__init__()
        last = _activated(form, channels, channels) if form.normalised else _conv(form, channels, channels)
        self.branch = nn.Sequential(_activated(form, channels, channels), last)

    def forward(self, x: Tensor) -> Tensor:
        total: Tensor = x + self.branch(x)
        return total


class ChainedStart(nn.Module):
    """A convolution, and a second one of what it gives, side by side."""

    def __init__(self, form: Form, inputs: int, outputs: int) -> None:
        super().__init__()
        half = outputs // 2
        self.first, self.second = _activated(form, inputs, outputs - half), _activated(form, outputs - half, half)

    def forward(self, x: Tensor) -> Tensor:
        first = self.first(x)
        return torch.cat([first, self.second(first)], dim=1)


def error_at_all_scales(restored: Sequence[Tensor], clean: Tensor) -> Tensor:
    """The sum over scales, coarsest first, of the mean squared error against the clean images shrunk alike."""
    factors = [2**step for step in reversed(range(len(restored)))]
    pairs = zip(restored, factors, strict=True)
    return torch.stack([F.mse_loss(images, shrunk(clean, factor)) for images, factor in pairs]).sum()


# --- layers --------------------------------------------------------------------------------------------------------


def _conv(form: Form, inputs: int, outputs: int, stride: int = 1) -> nn.Module:
    return conv(inputs, outputs, 5, stride, form.bias)


def _activated(form: Form, inputs: int, outputs: int, stride: int = 1) -> nn.Module:
    layer = _conv(form, inputs, outputs, stride)
    return nn.Sequential(layer, *([Norm(outputs)] if form.normalised else []), _activation(form))


def _activation(form: Form) -> nn.Module:
    return nn.LeakyReLU(0.3) if form.normalised else nn.ReLU()


def _start(form: Form, inputs: int, outputs: int) -> nn.Module:
    return (ChainedStart if form.chained_start else _activated)(form, inputs, outputs)


def _residuals(form: Form, channels: int) -> list[nn.Module]:
    return [Residual(form, channels) for _ in range(3)]


def _up(form: Form, inputs: int, outputs: int) -> nn.Module:
    activation = nn.Sigmoid() if form.deconv_act == "sigmoid" else _activation(form)
    return nn.Sequential(
        ConvUp(inputs, outputs, form.deconv), *([Norm(outputs)] if form.normalised else []), activation
    )


def _end(form: Form, inputs: int, outputs: int) -> nn.Module:
    # Transposed in two of the forms; with stride 1 that is a convolution with the kernel turned round.
    if form.normalised:
        return nn.Sequential(conv(inputs, outputs, 1, bias=True), Norm(outputs), nn.Sigmoid())
    return conv(inputs, outputs, 5, bias=True)
