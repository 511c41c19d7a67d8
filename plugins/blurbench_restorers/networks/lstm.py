"""One step of an LSTM on the deepest maps of a network, handed on from scale to scale."""

from __future__ import annotations

from typing import TypeAlias

import torch
from torch import Tensor, nn

from blurbench.errors import Skip
from blurbench_restorers.networks.keras import conv, initialise
from blurbench_restorers.networks.sizes import doubled

__all__ = ["ConvLstm", "DenseLstm", "LstmCell", "State"]

State: TypeAlias = tuple[Tensor, Tensor]
"""What an LSTM shows and what it remembers."""


class LstmCell(nn.Module):
    """One step of an LSTM; two layers, dense or convolutional, turn input and state into its four gates.

    torch's own cells have two biases, and none is convolutional. Starts as Keras's: orthogonal on the state, and
    with biases of 1 that keep the memory."""

    def __init__(self, of_input: nn.Linear | nn.Conv2d, of_state: nn.Linear | nn.Conv2d) -> None:
        super().__init__()
        self.of_input, self.of_state = of_input, of_state
        initialise(of_input)
        nn.init.orthogonal_(of_state.weight)
        assert of_input.bias is not None
        nn.init.ones_(of_input.bias.data.chunk(4)[1])

    def forward(self, x: Tensor, state: State | None) -> State:
        """The next state; with None the state was zero."""
        gates = self.of_input(x)
        if state is not None:
            gates = gates + self.of_state(state[0])
        write, keep, candidate, show = gates.chunk(4, dim=1)
        memory = write.sigmoid() * candidate.tanh()
        if state is not None:
            memory = memory + keep.sigmoid() * state[1]
        return show.sigmoid() * memory.tanh(), memory


class BoundedLinear(nn.Linear):
    """Linear; before each training step weight vectors longer than `longest` are shortened to it."""

    longest = 3.0

    def forward(self, x: Tensor) -> Tensor:
        if self.training:
            with torch.no_grad():
                self.weight.renorm_(2, 0, self.longest)
        return super().forward(x)


class DenseLstm(nn.Module):
    """Maps of one size, (C, H, W), flattened for an LSTM of few units and spread out again."""

    def __init__(self, size: tuple[int, int, int], units: int) -> None:
        super().__init__()
        self.size = size
        flat = size[0] * size[1] * size[2]
        self.cell = LstmCell(BoundedLinear(flat, 4 * units), nn.Linear(units, 4 * units, bias=False))
        self.back = nn.Linear(units, flat)
        initialise(self.back)

    def forward(self, maps: Tensor, state: State | None) -> tuple[Tensor, State]:
        if maps.shape[1:] != self.size:
            raise Skip(
                f"the LSTM was fitted to maps of {self.size}, not {tuple(maps.shape[1:])}: images of another size"
            )
        state = self.cell(maps.flatten(1), state)
        return self.back(state[0]).view_as(maps), state


class ConvLstm(nn.Module):
    """A convolutional LSTM; where it takes the coarser scale's state over, the state is doubled in size."""

    def __init__(self, channels: int, kernel: int, takes_state: bool) -> None:
        super().__init__()
        self.takes_state = takes_state
        gates = 4 * channels
        of_input, of_state = conv(channels, gates, kernel, bias=True), conv(channels, gates, kernel)
        assert isinstance(of_input, nn.Conv2d)
        assert isinstance(of_state, nn.Conv2d)
        self.cell = LstmCell(of_input, of_state)

    def forward(self, maps: Tensor, state: State | None) -> tuple[Tensor, State]:
        if state is None or not self.takes_state:
            state = self.cell(maps, None)
        else:
            state = self.cell(maps, (doubled(state[0]), doubled(state[1])))
        return state[0], state
