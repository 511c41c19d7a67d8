"""Layers for large kernels do what torch's own do."""

import time

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from blurbench.imaging import large_kernels

CONVOLUTIONS = [
    # inputs, outputs, kernel, stride, padding, height, width
    (3, 4, 9, 1, 4, 28, 28),
    (3, 4, 9, 2, 4, 28, 28),
    (4, 3, 9, 2, 4, 27, 14),
    (3, 4, 5, 1, 0, 9, 30),
    (3, 4, 5, 2, 0, 35, 31),
    (3, 4, 6, 3, 2, 20, 22),
    (3, 4, (5, 7), 1, (1, 3), 11, 12),
    (3, 4, 5, 1, 7, 6, 6),
    (3, 4, 9, 1, 4, 2, 3),
    (16, 8, 9, 1, 4, 7, 7),
]
TRANSPOSED = [
    # inputs, outputs, kernel, stride, padding, output padding, height, width
    (4, 3, 9, 2, 4, 1, 7, 7),
    (4, 3, 9, 2, 4, 1, 14, 14),
    (3, 4, 9, 2, 4, 0, 7, 5),
    (3, 4, 5, 1, 2, 0, 8, 8),
    (3, 4, 5, 1, 0, 0, 6, 6),
    (3, 4, 7, 3, 1, 2, 6, 5),
]


@pytest.fixture
def always(monkeypatch):
    """Spectra wherever they can be used, be they slower."""
    monkeypatch.setattr(large_kernels, "_pays", lambda *arguments: True)


@pytest.fixture
def one_thread():
    """So that the time of the process is what the work takes, on a busy machine as well."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def twins(kind: str, dtype: torch.dtype, *parameters) -> tuple[nn.Module, nn.Module]:
    """torch's layer and ours, with the same weights."""
    names = ("kernel_size", "stride", "padding", "output_padding")
    settings = dict(zip(names, parameters[2:], strict=False))
    pair = []
    for module in (nn, large_kernels):
        torch.manual_seed(0)
        pair.append(getattr(module, kind)(*parameters[:2], **settings, dtype=dtype))
    return pair[0], pair[1]


def outcome(layer: nn.Module, images: torch.Tensor) -> list[torch.Tensor]:
    """What comes out, and the gradients of a weighted sum of it."""
    images = images.clone().requires_grad_()
    out = layer(images)
    torch.manual_seed(1)
    (out * torch.randn_like(out)).sum().backward()
    return [out.detach(), images.grad, *(parameter.grad for parameter in layer.parameters())]


def check(pair: tuple[nn.Module, nn.Module], images: torch.Tensor, tolerance: float) -> None:
    plain, ours = (outcome(layer, images) for layer in pair)
    assert "Spectral" in repr(graph_of(pair[1], images))
    for expected, found in zip(plain, ours, strict=True):
        assert found.shape == expected.shape
        assert (found - expected).abs().max() <= tolerance * expected.abs().max()


def graph_of(layer: nn.Module, images: torch.Tensor) -> set[str]:
    """The names of the steps that lead from the parameters to what comes out."""
    answer = layer(images)  # kept, since it keeps the steps
    names, left = set(), [answer.grad_fn]
    while left:
        step = left.pop()
        names.add(type(step).__name__)
        left += [before for before, _ in step.next_functions if before is not None]
    return names


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-13), (torch.float32, 1e-5)])
@pytest.mark.parametrize("parameters", CONVOLUTIONS)
def test_a_convolution_and_its_gradients_are_torchs(always, parameters, dtype, tolerance):
    *layer, height, width = parameters
    images = torch.randn(5, layer[0], height, width, dtype=dtype)
    check(twins("Conv2d", dtype, *layer), images, tolerance)


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-13), (torch.float32, 1e-5)])
@pytest.mark.parametrize("parameters", TRANSPOSED)
def test_a_transposed_convolution_and_its_gradients_are_torchs(always, parameters, dtype, tolerance):
    *layer, height, width = parameters
    images = torch.randn(5, layer[0], height, width, dtype=dtype)
    check(twins("ConvTranspose2d", dtype, *layer), images, tolerance)


def test_gradients_are_those_of_finite_differences(always):
    torch.manual_seed(0)
    layer = large_kernels.Conv2d(2, 2, 5, stride=2, padding=2, dtype=torch.float64)
    images = torch.randn(1, 2, 6, 6, dtype=torch.float64, requires_grad=True)
    weight, bias = (parameter.detach().clone().requires_grad_() for parameter in layer.parameters())

    def convolved(images, weight, bias):
        return torch.func.functional_call(layer, {"weight": weight, "bias": bias}, images)

    assert torch.autograd.gradcheck(convolved, (images, weight, bias))


def test_maps_in_any_memory_format_are_taken(always):
    plain, ours = twins("Conv2d", torch.float32, 8, 8, 9, 2, 4)
    images = torch.randn(2, 8, 28, 28).to(memory_format=torch.channels_last)
    torch.testing.assert_close(ours(images), plain(images), rtol=0, atol=1e-5)


def test_a_layer_without_bias_and_one_that_is_frozen_work(always):
    layer = large_kernels.Conv2d(4, 4, 5, padding=2, bias=False)
    outcome(layer, torch.randn(1, 4, 9, 9))
    layer.requires_grad_(False)
    images = torch.randn(1, 4, 9, 9, requires_grad=True)
    layer(images).sum().backward()
    assert images.grad is not None
    assert not layer(images.detach()).requires_grad


def test_inference_first_and_fitting_afterwards_work(always):
    layer = large_kernels.Conv2d(4, 4, 5, padding=2)
    images = torch.randn(1, 4, 13, 17)  # a size that no other test has, so that nothing is prepared yet
    with torch.inference_mode():
        asked = layer(images)
    torch.testing.assert_close(asked, outcome(layer, images)[0], rtol=0, atol=0)


def test_a_graph_can_be_walked_twice(always):
    layer = large_kernels.Conv2d(4, 4, 5, padding=2)
    value = layer(torch.randn(2, 4, 9, 9)).square().sum()
    value.backward(retain_graph=True)
    once = layer.weight.grad.clone()
    layer(torch.randn(2, 4, 9, 9)).sum()  # takes what memory is free
    value.backward()
    torch.testing.assert_close(layer.weight.grad, 2 * once)


def test_state_dicts_and_initial_weights_are_torchs():
    for plain, ours in (
        twins("Conv2d", torch.float32, 3, 4, 9, 2, 4),
        twins("ConvTranspose2d", torch.float32, 3, 4, 9, 2, 4, 1),
    ):
        assert plain.state_dict().keys() == ours.state_dict().keys()
        assert all(torch.equal(*values) for values in zip(plain.parameters(), ours.parameters(), strict=True))


# --- which is picked -----------------------------------------------------------------------------------------------


def uses_spectra(layer: nn.Module, *shape: int) -> bool:
    return "_SpectralBackward" in graph_of(layer, torch.randn(shape))


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (large_kernels.Conv2d(64, 64, 9, padding=4), (64, 64, 28, 28)),
        (large_kernels.Conv2d(64, 64, 9, stride=2, padding=4), (64, 64, 28, 28)),
        (large_kernels.ConvTranspose2d(64, 32, 9, 2, 4, 1), (64, 64, 14, 14)),
        (large_kernels.Conv2d(64, 64, 5, padding=2), (32, 64, 16, 16)),
    ],
)
def test_spectra_are_used_for_large_kernels_of_many_channels(layer, shape):
    assert uses_spectra(layer, *shape)


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (large_kernels.Conv2d(64, 64, 3, padding=1), (64, 64, 28, 28)),  # small kernel
        (large_kernels.Conv2d(16, 32, 5, stride=2, padding=2), (16, 16, 16, 16)),  # small once in blocks
        (large_kernels.Conv2d(8, 8, 9, padding=4, groups=2), (4, 8, 28, 28)),
        (large_kernels.Conv2d(8, 8, 9, dilation=2), (4, 8, 28, 28)),
        (large_kernels.Conv2d(8, 8, 9, padding="same"), (4, 8, 28, 28)),
        (large_kernels.Conv2d(8, 8, 9, padding=4, padding_mode="reflect"), (4, 8, 28, 28)),
        (large_kernels.Conv2d(16, 16, 5, padding=2), (1, 16, 224, 224)),  # long transforms
        (large_kernels.Conv2d(128, 128, 5, padding=2), (64, 128, 4, 4)),  # not much faster by estimate
        (large_kernels.Conv2d(64, 64, 9, padding=4), (1, 64, 7, 7)),  # less than what a call costs
    ],
)
def test_other_layers_are_torchs(layer, shape):
    assert not uses_spectra(layer, *shape)


def test_who_counts_operations_counts_those_of_a_plain_convolution():
    plain, ours = twins("Conv2d", torch.float32, 64, 64, 9, 1, 4)
    counts = []
    for layer in (plain, ours):
        with FlopCounterMode(display=False) as counter:
            layer(torch.randn(16, 64, 28, 28))
        counts.append(counter.get_total_flops())
    assert counts[0] == counts[1] > 0


def test_images_with_a_wrong_number_of_channels_get_torchs_own_message():
    with pytest.raises(RuntimeError, match="to have 64 channels"):
        large_kernels.Conv2d(64, 64, 9, padding=4)(torch.randn(16, 32, 28, 28))


def test_a_step_of_a_9x9_layer_takes_less_than_half_of_torchs_time(one_thread):
    pair = twins("Conv2d", torch.float32, 64, 64, 9, 1, 4)
    images = torch.randn(16, 64, 28, 28)
    seconds: tuple[list[float], list[float]] = ([], [])
    for _ in range(4):  # the first is a warm-up
        for layer, spent in zip(pair, seconds, strict=True):
            start = time.process_time()
            outcome(layer, images)
            spent.append(time.process_time() - start)
    assert min(seconds[1][1:]) < 0.5 * min(seconds[0][1:])


# --- memory --------------------------------------------------------------------------------------------------------
