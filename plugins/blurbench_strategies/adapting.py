"""Predictors that adapt while they run: a copy of another predictor, whose batch norms are theirs."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import Adam

from blurbench.contract import Degraded, Fitted, Output, Predictor
from blurbench.errors import Skip

__all__ = ["AdaptingPredictor", "BatchStatistics", "EntropyMinimiser", "norms_of"]


def norms_of(network: nn.Module | None) -> list[nn.modules.batchnorm._BatchNorm]:
    """The batch norms with statistics of their own. Raises Skip where there is none, or no network."""
    if network is None:
        raise Skip("no one network gives the answers, so it is not known what to adapt")
    norms = [layer for layer in network.modules() if isinstance(layer, nn.modules.batchnorm._BatchNorm)]
    if not any(norm.track_running_stats for norm in norms):
        raise Skip("the classifier has no batch norm, so there is nothing to adapt")
    return norms


class AdaptingPredictor(Predictor):
    """Another predictor, of which each stream of images gets a fresh copy: no row meets what another one learned."""

    adapts = True

    def __init__(self, base: Fitted, batch: int) -> None:
        assert base.predictor is not None
        norms_of(base.predictor.logits_network())  # or there is nothing to adapt
        self.own, self.batch = base.predictor, batch
        self.fresh = partial(copy.deepcopy, base.predictor)

    def start(self) -> None:
        self.own = self.fresh()
        self.prepare(self.network)

    @property
    def network(self) -> nn.Module:
        """The network of the copy, which is adapted."""
        network = self.own.logits_network()
        assert network is not None
        return network

    def prepare(self, network: nn.Module) -> None:
        """Make the copy's network ready for a new stream."""
        raise NotImplementedError

    def predict(self, degraded: Degraded) -> Output:
        return self.own.predict(degraded)

    def logits_network(self) -> nn.Module:
        return self.network


# --- statistics of the batch ---------------------------------------------------------------------------------------


class BatchStatistics(AdaptingPredictor):
    """Sets the statistics of every norm from what reaches it, just before it is asked. Those of the fit count for
    `prior` images."""

    def __init__(self, base: Fitted, batch: int, prior: float) -> None:
        super().__init__(base, batch)
        self.prior = prior

    def prepare(self, network: nn.Module) -> None:
        for norm in norms_of(network):
            norm.register_forward_pre_hook(_mixing(norm, self.prior))


def _mixing(norm: nn.modules.batchnorm._BatchNorm, prior: float) -> Callable[[nn.Module, Any], None]:
    """A hook that gives `norm` the statistics of the batch that reaches it, mixed with its own."""
    assert norm.running_mean is not None
    assert norm.running_var is not None
    means, variances = norm.running_mean.clone(), norm.running_var.clone()

    def mix(own: Tensor, seen: Tensor, n: int) -> Tensor:
        return (prior * own + n * seen) / (prior + n)

    def hook(layer: nn.Module, inputs: Any) -> None:
        images: Tensor = inputs[0].detach()
        mean, variance = _statistics(images)
        norm.running_mean, norm.running_var = mix(means, mean, len(images)), mix(variances, variance, len(images))

    return hook


def _statistics(images: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and variance, (C,) each, of images (N, C, ...)."""
    count, colours = images.numel() // images.shape[1], images.shape[1]
    if count == 1:
        return images.flatten(), images.new_zeros(colours)
    # As the norm itself does in fitting: on processors several times as fast as torch.var_mean over these axes.
    mean, variance = images.new_zeros(colours), images.new_zeros(colours)
    F.batch_norm(images, mean, variance, training=True, momentum=1.0)
    return mean, variance * ((count - 1) / count)  # which keeps the unbiased variance


# --- certain answers -----------------------------------------------------------------------------------------------


class EntropyMinimiser(AdaptingPredictor):
    """Takes `rounds` steps of Adam on every batch that it is asked about, and answers as before the first of them."""

    gradients = True

    def __init__(self, base: Fitted, batch: int, learning_rate: float, rounds: int) -> None:
        super().__init__(base, batch)
        self.learning_rate, self.rounds = learning_rate, rounds
        self.optimiser: Adam | None = None

    def prepare(self, network: nn.Module) -> None:
        network.eval().requires_grad_(False)
        learning = []
        for norm in norms_of(network):
            norm.track_running_stats, norm.running_mean, norm.running_var = False, None, None
            learning += [parameter.requires_grad_(True) for parameter in norm.parameters()]
        self.optimiser = Adam(learning, lr=self.learning_rate) if learning else None

    def predict(self, degraded: Degraded) -> Output:
        images, output = _asked(self.network, lambda: self.own.predict(degraded))
        logits = output.logits
        with torch.enable_grad():
            for place in range(self.rounds if self.optimiser else 0):
                answers = self.network(images)
                logits = answers.detach() if place == 0 else logits
                self.step(answers)
        return Output(logits, output.restored, output.observations)

    def step(self, logits: Tensor) -> None:
        """Make answers like these more certain."""
        assert self.optimiser is not None
        self.optimiser.zero_grad()
        _entropy(logits).mean().backward()  # type: ignore[no-untyped-call]
        self.optimiser.step()


def _entropy(logits: Tensor) -> Tensor:
    """Of the softmax of logits (N, K), in nats: (N,)."""
    return -(logits.softmax(1) * logits.log_softmax(1)).sum(1)


def _asked(network: nn.Module, ask: Callable[[], Output]) -> tuple[Tensor, Output]:
    """What `network` is asked about while `ask` runs, as a tensor that gradients may pass, and what `ask` gives: a
    restorer may stand between the images and the network."""
    parts: list[Tensor] = []
    handle = network.register_forward_pre_hook(lambda layer, inputs: parts.append(inputs[0]))
    try:
        output = ask()
    finally:
        handle.remove()
    with torch.inference_mode(False):
        return torch.cat([part.clone() for part in parts]), output
