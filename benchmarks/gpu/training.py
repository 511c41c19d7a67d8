"""One training step, taken in every way that might be faster: how long it takes, and where the loss then is.

All ways start from the same weights and see the same batches in the same order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from benchmarks.gpu.job import Job, Step
from benchmarks.gpu.problems import PROBLEMS, Problem, scale_of
from benchmarks.timing.plain_layers import torch_layers
from benchmarks.timing.results import row_of
from benchmarks.timing.rounds import Patience, seconds_of, take_turns
from blurbench.errors import Skip

__all__ = ["WAYS", "TrainingStep", "Way", "forget", "measured", "run"]

TrainingStep: TypeAlias = Callable[[Tensor, Tensor], Tensor]
"""Inputs and targets of a batch to the loss before the step: one number, or one a network."""

Way: TypeAlias = Callable[[Problem], TrainingStep]


def run(job: Job) -> None:
    """One step a way and problem; first those that come to an end soon."""
    job.take(_steps(job))


def _steps(job: Job) -> Iterator[Step]:
    scale = scale_of(job.device)
    patience = Patience(max(0.2, job.seconds / 60), least=2)

    def step(name: str, way: Way) -> Step:
        return f"{name}, {way.__doc__}", lambda: measured(PROBLEMS[name](job.device, scale), way, patience)

    for way in WAYS:
        for name in PROBLEMS:
            yield step(name, way)


def measured(problem: Problem, way: Way, patience: Patience) -> dict[str, Any]:
    """Seconds a step and network: median over blocks and interquartile range; the first network's last loss of the
    first block, which pays for all preparation."""
    step, device, steps = way(problem), problem.inputs.device, len(problem.inputs)
    losses: list[Tensor] = []

    def block() -> None:
        losses[:] = [step(*batch) for batch in zip(problem.inputs, problem.targets, strict=True)]

    first = seconds_of(block, device)
    loss, networks = float(losses[-1].flatten()[0]), losses[-1].numel()
    (spent,) = take_turns([block], device, patience, first=[0.0])
    row = row_of(str(way.__doc__), [seconds / steps / networks for seconds in spent])
    return {
        "problem": problem.name,
        "way": row.name,
        "batch": problem.batch,
        "steps": steps,
        "networks": networks,
        "first": first,
        "seconds": row.seconds,
        "iqr": row.iqr,
        "rounds": row.rounds,
        "loss": loss,
    }


# --- the ways ------------------------------------------------------------------------------------------------------


def eager(problem: Problem) -> TrainingStep:
    """eager"""
    return _stepper(problem, problem.network())


def channels_last(problem: Problem) -> TrainingStep:
    """channels last"""
    step = _stepper(problem, problem.network().to(memory_format=torch.channels_last))  # type: ignore[call-overload]
    return lambda inputs, targets: step(inputs.contiguous(memory_format=torch.channels_last), targets)


def batched_seeds(problem: Problem) -> TrainingStep:
    """batched seeds"""
    networks = [problem.network(seed) for seed in range(problem.seeds)]
    parameters, buffers = torch.func.stack_module_state(networks)
    parameters = {name: values.detach().requires_grad_() for name, values in parameters.items()}
    optimiser = _optimiser(problem, list(parameters.values()))

    def loss(weights: Any, state: Any, inputs: Tensor, targets: Tensor) -> Tensor:
        return problem.loss(torch.func.functional_call(networks[0], (weights, state), (inputs,)), targets)

    together = torch.func.vmap(torch.func.grad_and_value(loss), in_dims=(0, 0, None, None), randomness="different")

    def step(inputs: Tensor, targets: Tensor) -> Tensor:
        # Our layers have backwards of their own on a CPU, which cannot be batched, nor can a change of layout.
        with torch_layers(), _AnyLayout():
            gradients, values = together(parameters, buffers, inputs, targets)
        for name, values_of in parameters.items():
            values_of.grad = gradients[name]
        optimiser.step()
        return values.detach()  # type: ignore[no-any-return]

    return step


class _AnyLayout(TorchFunctionMode):
    """While it is entered, tensors keep the layout that they have: a batch of networks has an axis more."""

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if function is Tensor.to and kwargs and "memory_format" in kwargs:
            kwargs = {name: value for name, value in kwargs.items() if name != "memory_format"}
            return function(*args, **kwargs) if kwargs or len(args) > 1 else args[0]
        return function(*args, **(kwargs or {}))


def cuda_graph(problem: Problem) -> TrainingStep:
    """CUDA graph"""
    if problem.inputs.device.type != "cuda":
        raise Skip("graphs are captured on CUDA alone")
    network = problem.network()
    inputs, targets = problem.inputs[0].clone(), problem.targets[0].clone()
    optimiser = _optimiser(problem, list(network.parameters()), capturable=True)
    step = _stepper(problem, network, optimiser)
    _warm_up(network, optimiser, lambda: step(inputs, targets))
    graph = torch.cuda.CUDAGraph()
    optimiser.zero_grad()  # no gradient may be older than the graph
    with torch.cuda.graph(graph):
        loss = step(inputs, targets)

    def replayed(new_inputs: Tensor, new_targets: Tensor) -> Tensor:
        inputs.copy_(new_inputs)
        targets.copy_(new_targets)
        graph.replay()
        return loss.clone()

    return replayed


def bf16(problem: Problem) -> TrainingStep:
    """bf16 autocast"""
    step = _stepper(problem, problem.network())

    def cast(inputs: Tensor, targets: Tensor) -> Tensor:
        with torch.autocast(inputs.device.type, torch.bfloat16):
            return step(inputs, targets)

    return cast


def compiled(problem: Problem) -> TrainingStep:
    """torch.compile"""
    network = problem.network()
    return _stepper(problem, network, called=torch.compile(network))


def compiled_bf16(problem: Problem) -> TrainingStep:
    """torch.compile, bf16, channels last"""
    network = problem.network().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    step = _stepper(problem, network, called=torch.compile(network))

    def cast(inputs: Tensor, targets: Tensor) -> Tensor:
        with torch.autocast(inputs.device.type, torch.bfloat16):
            return step(inputs.contiguous(memory_format=torch.channels_last), targets)

    return cast


WAYS: tuple[Way, ...] = (eager, cuda_graph, batched_seeds, channels_last, bf16, compiled, compiled_bf16)


def _stepper(
    problem: Problem,
    network: nn.Module,
    optimiser: torch.optim.Optimizer | None = None,
    called: Callable[[Tensor], Tensor] | None = None,
) -> TrainingStep:
    """The plain step; `called` is what stands for the network where it was compiled."""
    chosen = _optimiser(problem, list(network.parameters())) if optimiser is None else optimiser
    forward: Callable[[Tensor], Tensor] = network if called is None else called

    def step(inputs: Tensor, targets: Tensor) -> Tensor:
        chosen.zero_grad()
        loss = problem.loss(forward(inputs), targets)
        loss.backward()  # type: ignore[no-untyped-call]
        chosen.step()
        return loss.detach()

    return step


def _optimiser(problem: Problem, parameters: list[Any], capturable: bool = False) -> torch.optim.Optimizer:
    return torch.optim.Adam(parameters, lr=problem.rate, fused=True, capturable=capturable)


def _warm_up(network: nn.Module, optimiser: torch.optim.Optimizer, step: Callable[[], Tensor]) -> None:
    """Steps on another stream, as a capture wants them; then everything is, in place, as it was."""
    before = {name: value.clone() for name, value in network.state_dict().items()}
    stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(3):
            step()
    torch.cuda.current_stream().wait_stream(stream)
    network.load_state_dict(before)
    forget(optimiser)


def forget(optimiser: torch.optim.Optimizer) -> None:
    """Set moments and step counts to zero where they lie: as if no step had been taken."""
    for state in optimiser.state.values():
        for value in state.values():
            value.zero_()
