"""What a prediction needs is counted, not estimated."""

import pytest
import torch
from torch import nn

from blurbench.measurements.counting import multiply_accumulates, peak_memory


def test_multiply_accumulates_of_a_convolution_and_a_linear_layer_are_those_of_the_textbook():
    network = nn.Sequential(nn.Conv2d(3, 8, 5, padding=2), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 10 * 10, 7))
    with multiply_accumulates() as count, torch.inference_mode():
        network(torch.zeros(4, 3, 10, 10))
    assert count() == 4 * (8 * 3 * 25 * 100 + 800 * 7)


def test_attention_is_counted():
    queries = torch.zeros(1, 2, 6, 4)
    with multiply_accumulates() as count, torch.inference_mode():
        nn.functional.scaled_dot_product_attention(queries, queries, queries)
    assert count() == 2 * (6 * 6 * 4) * 2  # heads x (products with keys, and with values)


def test_attention_is_counted_while_no_gradient_is_wanted_too():
    queries, keys = torch.rand(3, 2, 6, 4), torch.rand(3, 2, 5, 4)
    with multiply_accumulates() as count, torch.inference_mode():
        nn.functional.scaled_dot_product_attention(queries, keys, torch.rand(3, 2, 5, 8))
    assert count() == 3 * 2 * 6 * 5 * (4 + 8)


def test_the_peak_of_memory_is_what_a_call_holds_at_its_worst_moment():
    def hold_and_let_go() -> None:
        torch.ones(64 * 2**20 // 4).sum()

    peak = peak_memory(torch.device("cpu"), hold_and_let_go)
    if peak is None:
        pytest.skip("this system does not tell")
    assert 63 * 2**20 <= peak < 80 * 2**20  # the system counts pages in batches


def test_memory_that_is_held_already_does_not_count():
    held = torch.ones(64 * 2**20 // 4)
    peak = peak_memory(torch.device("cpu"), lambda: held[:1000].sum())
    if peak is None:
        pytest.skip("this system does not tell")
    assert peak < 8 * 2**20
