"""Every way to take a training step is a way to take the same one."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from benchmarks.gpu import training
from benchmarks.gpu.problems import PROBLEMS, Problem, Scale
from benchmarks.timing.rounds import Patience
from blurbench.errors import Skip

CPU = torch.device("cpu")
STEPS = 3


@pytest.fixture(params=PROBLEMS)
def problem(request: pytest.FixtureRequest) -> Problem:
    problem: Problem = PROBLEMS[request.param](CPU, Scale(6, 2, STEPS, 2))
    return problem


def losses(problem: Problem, way: training.Way) -> list[Tensor]:
    step = way(problem)
    return [step(*batch) for batch in zip(problem.inputs, problem.targets, strict=True)]


def by_hand(problem: Problem, seed: int) -> list[float]:
    """The same steps by torch's plain Adam."""
    network = problem.network(seed)
    adam = torch.optim.Adam(network.parameters(), lr=problem.rate, fused=False)
    found = []
    for inputs, targets in zip(problem.inputs, problem.targets, strict=True):
        loss = problem.loss(network(inputs), targets)
        adam.zero_grad()
        loss.backward()
        adam.step()
        found.append(loss.item())
    return found


@pytest.mark.parametrize("way", [training.eager, training.channels_last])
def test_a_way_loses_what_plain_steps_lose(problem: Problem, way: training.Way) -> None:
    assert [loss.item() for loss in losses(problem, way)] == pytest.approx(by_hand(problem, 0), rel=1e-3)


def test_seeds_that_are_fitted_together_lose_what_each_loses_alone(problem: Problem) -> None:
    together = torch.stack(losses(problem, training.batched_seeds))
    for seed in range(2):
        assert together[:, seed].tolist() == pytest.approx(by_hand(problem, seed), rel=1e-3)
    assert together[0, 0] != together[0, 1]


def test_autocast_loses_nearly_the_same(problem: Problem) -> None:
    found = [loss.item() for loss in losses(problem, training.bf16)]
    assert found == pytest.approx(by_hand(problem, 0), rel=0.05)
    assert found != by_hand(problem, 0)


def test_a_graph_without_cuda_is_skipped_with_a_sentence(problem: Problem) -> None:
    with pytest.raises(Skip, match="CUDA alone"):
        training.cuda_graph(problem)


def test_a_warm_up_leaves_no_trace_in_weights_moments_and_step_counts() -> None:
    """What a captured graph starts from; a Parameter keeps its place in memory."""
    problem = PROBLEMS["cnn3"](CPU, Scale(6, 2, STEPS, 2))
    network = problem.network()
    optimiser = torch.optim.Adam(network.parameters(), lr=problem.rate, fused=True)
    step = training._stepper(problem, network, optimiser)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    places = [parameter.data_ptr() for parameter in network.parameters()]
    for _ in range(3):
        step(problem.inputs[0], problem.targets[0])
    network.load_state_dict(before)
    training.forget(optimiser)
    assert [parameter.data_ptr() for parameter in network.parameters()] == places
    found = [step(*batch).item() for batch in zip(problem.inputs, problem.targets, strict=True)]
    assert found == pytest.approx(by_hand(problem, 0), rel=1e-3)


def test_what_is_measured_is_seconds_a_step_and_network_and_the_last_loss_of_the_first_block() -> None:
    problem = PROBLEMS["cnn3"](CPU, Scale(6, 2, STEPS, 2))
    value = training.measured(problem, training.batched_seeds, Patience(0.05, least=2))
    assert (value["steps"], value["networks"], value["batch"], value["way"]) == (STEPS, 2, 6, "batched seeds")
    assert value["loss"] == pytest.approx(by_hand(problem, 0)[-1], rel=1e-3)
    assert 0 < value["seconds"] < value["first"]
