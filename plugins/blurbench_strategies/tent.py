"""Batch norms use the statistics of each test batch, and their scales and shifts learn to make answers certain.

minimise over scales and shifts the mean of - sum over classes of p log p, one step a batch
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from blurbench import hookimpl
from blurbench.contract import Count, Fitted, Limits, Predictor, Setting, Strategy
from blurbench_strategies.bn_adapt import BnAdapt

if TYPE_CHECKING:
    from torch import Tensor, nn

    from blurbench.contract import Degraded, Output


@dataclass(frozen=True)
class Tent(BnAdapt):
    """Adapts on unlabelled test images. The answers to a batch are those before its own step, as published; what was
    learned is forgotten between test blurs."""

    paper: ClassVar[str] = "Wang, Shelhamer, Liu, Olshausen, Darrell 2021"

    learning_rate: Annotated[float, Limits(0, 1)] = 1e-3
    """Of Adam."""
    rounds: Annotated[int, Count(1, 100)] = 1
    """Steps on each batch."""

    def __post_init__(self) -> None:
        if self.prior:
            raise ValueError("prior must be 0: entropy is minimised over batches' own statistics")

    def predictor(self, setting: Setting, own: Fitted, inputs: Mapping[str, Fitted]) -> Predictor:
        import torch
        from torch.optim import Adam

        from blurbench.contract import Output
        from blurbench_strategies.adapting import AdaptingPredictor, norms_of

        strategy = self

        class EntropyMinimiser(AdaptingPredictor):
            """Learns from every batch that it is asked about."""

            gradients = True

            def prepare(self, network: nn.Module) -> None:
                network.eval().requires_grad_(False)
                learning = []
                for norm in norms_of(network):
                    norm.track_running_stats, norm.running_mean, norm.running_var = False, None, None
                    learning += [parameter.requires_grad_(True) for parameter in norm.parameters()]
                self.optimiser = Adam(learning, lr=strategy.learning_rate) if learning else None

            def predict(self, degraded: Degraded) -> Output:
                images, output = asked(self.network, lambda: self.own.predict(degraded))
                logits = output.logits
                with torch.enable_grad():
                    for place in range(strategy.rounds if self.optimiser else 0):
                        answers = self.network(images)
                        logits = answers.detach() if place == 0 else logits
                        self.step(answers)
                return Output(logits, output.restored, output.observations)

            def step(self, logits: Tensor) -> None:
                assert self.optimiser is not None
                self.optimiser.zero_grad()
                entropy(logits).mean().backward()  # type: ignore[no-untyped-call]
                self.optimiser.step()

        return EntropyMinimiser(inputs["base"], self.batch)


def entropy(logits: Tensor) -> Tensor:
    """Of the softmax of logits (N, K), in nats: (N,)."""
    return -(logits.softmax(1) * logits.log_softmax(1)).sum(1)


def asked(network: nn.Module, ask: Callable[[], Output]) -> tuple[Tensor, Output]:
    """What `network` is asked about while `ask` runs, as a tensor that gradients may pass, and what `ask` gives: a
    restorer may stand between the images and the network."""
    import torch

    parts: list[Tensor] = []
    handle = network.register_forward_pre_hook(lambda layer, inputs: parts.append(inputs[0]))
    try:
        output = ask()
    finally:
        handle.remove()
    with torch.inference_mode(False):
        return torch.cat([part.clone() for part in parts]), output


@hookimpl
def register_strategies(register: Callable[[str, type[Strategy]], None]) -> None:
    register("tent", Tent)
