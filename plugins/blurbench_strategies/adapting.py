"""What the remedies that adapt while they run have in common: a copy of a predictor whose batch norms are theirs."""

from __future__ import annotations

import copy
from functools import partial

from torch import nn

from blurbench.contract import Degraded, Fitted, Output, Predictor
from blurbench.errors import Skip

__all__ = ["AdaptingPredictor", "norms_of"]


def norms_of(network: nn.Module | None) -> list[nn.modules.batchnorm._BatchNorm]:
    """The batch norms with statistics of their own. Raises Skip where there is none."""
    layers = network.modules() if network is not None else ()
    norms = [layer for layer in layers if isinstance(layer, nn.modules.batchnorm._BatchNorm)]
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
