"""The built-in metrics."""

from __future__ import annotations

import numpy as np
import torch
from blurbench_metrics.margin import Margin

from blurbench.contract import Answered

IMAGES = torch.zeros(200, 1, 8, 8)


def margin(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    return Margin().measure(Answered(logits, labels, IMAGES[: len(labels)], IMAGES[: len(labels)]))


def test_the_margin_is_the_probability_of_the_truth_less_that_of_the_likeliest_other() -> None:
    generator = torch.Generator().manual_seed(0)
    logits, labels = torch.randn(200, 5, generator=generator) * 3, torch.randint(5, (200,), generator=generator)
    odds = np.exp(logits.double().numpy())
    shares = odds / odds.sum(1, keepdims=True)
    expected = [row[label] - max(np.delete(row, label)) for row, label in zip(shares, labels.tolist(), strict=True)]

    assert np.allclose(margin(logits, labels), expected, atol=1e-6)
    assert torch.equal(margin(logits, labels) > 0, logits.argmax(1) == labels)


def test_it_stays_within_its_limits_however_sure_the_answer_is() -> None:
    logits = torch.tensor([[1e4, 0.0], [1e4, 0.0], [0.0, 0.0]])
    assert margin(logits, torch.tensor([0, 1, 1])).tolist() == [1.0, -1.0, 0.0]
