"""The loop that fits classifiers and restorers."""

import subprocess
import sys
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from blurbench.contract import Recipe
from blurbench.training import fit_classifier, minimise
from tests.training.conftest import fingerprint, fitted, network

PROGRAMME = """
import sys
sys.path.insert(0, {folder!r})
from tests.training.conftest import fingerprint, fitted
print(fingerprint(fitted(seed=3)[0]))
"""


def test_the_same_seed_gives_bit_equal_weights_and_another_seed_others():
    first, second, other = (fingerprint(fitted(seed)[0]) for seed in (3, 3, 4))
    assert first == second != other


def test_what_was_drawn_before_does_not_change_a_fit():
    module = network(3)
    before = fingerprint(fitted(3)[0])
    torch.rand(7)
    assert fingerprint(fitted(3)[0]) == before != fingerprint(module)


@pytest.mark.slow
def test_another_process_gives_bit_equal_weights():
    programme = PROGRAMME.format(folder=str(Path(__file__).parents[2]))
    threads = f"import torch; torch.set_num_threads({torch.get_num_threads()})\n"
    answer = subprocess.run([sys.executable, "-c", threads + programme], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == fingerprint(fitted(seed=3)[0])


def test_seeds_differ_in_what_dropout_leaves_out():
    # Equal images in one batch: their order says nothing, the masks alone decide.
    def loss(seed: int) -> float:
        module = nn.Sequential(nn.Dropout(0.5), nn.Linear(8, 1, bias=False))
        nn.init.constant_(module[1].weight, 1.0)
        ones = torch.ones(6, 8)
        return minimise(module, F.mse_loss, 6, lambda *_: (ones, ones[:, :1]), None, Recipe(1), seed)["train_loss"][0]

    assert loss(0) == loss(0) != loss(1)


class Recording(nn.Module):
    """Remembers which images it met: their first pixel says which they are."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 2)
        self.batches: list[list[int]] = []

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        if self.training:
            self.batches.append(images[:, 0, 0, 0].int().tolist())
        return self.linear(images.flatten(1))


@pytest.mark.parametrize(
    ("images", "size", "expected"), [(10, 4, [4, 3, 3]), (9, 8, [5, 4]), (3, 64, [3]), (1, 2, [1])]
)
def test_an_epoch_meets_every_image_once_in_batches_that_differ_by_one_at_most(images, size, expected):
    module, inputs = Recording(), torch.zeros(images, 1, 2, 2)
    inputs[:, 0, 0, 0] = torch.arange(images)
    notes = fit_classifier(module, lambda epoch: inputs, torch.zeros(images, dtype=torch.long), Recipe(2, 0.1, size), 0)
    half = len(expected)
    assert [len(batch) for batch in module.batches] == expected * 2
    for epoch in (module.batches[:half], module.batches[half:]):
        assert sorted(chain.from_iterable(epoch)) == list(range(images))
    assert (notes["epochs"], notes["steps"], notes["images_seen"]) == (2, 2 * half, 2 * images)


def test_epochs_are_shuffled_anew():
    module, inputs = Recording(), torch.zeros(32, 1, 2, 2)
    inputs[:, 0, 0, 0] = torch.arange(32)
    fit_classifier(module, lambda epoch: inputs, torch.zeros(32, dtype=torch.long), Recipe(2, 0.0, 32), 0)
    assert module.batches[0] != module.batches[1]


def test_the_first_training_loss_of_a_step_too_small_to_matter_is_the_loss_of_the_network(digits):
    module = nn.Sequential(nn.Flatten(), nn.Linear(256, 10))
    expected = nn.functional.cross_entropy(module(digits.images), digits.labels).item()
    recipe = Recipe(1, 1e-12, batch_size=16, schedule="constant")
    notes = fit_classifier(module, lambda epoch: digits.images, digits.labels, recipe, 0)
    assert notes["train_loss"] == [pytest.approx(expected, rel=1e-5)]


def test_a_fitted_network_is_left_in_eval_mode_and_without_gradients():
    module, _ = fitted(0)
    assert not any(layer.training for layer in module.modules())
    assert all(parameter.grad is None for parameter in module.parameters())


def test_what_does_not_learn_is_neither_stepped_nor_decayed_and_its_norm_keeps_its_statistics(digits):
    module = network(0)
    before = {name: value.clone() for name, value in module.state_dict().items()}
    recipe = Recipe(2, 0.01, optimizer="adamw", weight_decay=0.1)
    fit_classifier(module, lambda epoch: digits.images, digits.labels, recipe, 0, trainable=module[5].parameters())
    changed = {name for name, value in module.state_dict().items() if not torch.equal(value, before[name])}
    assert changed == {"5.weight", "5.bias"}
    assert all(parameter.requires_grad for parameter in module.parameters())


def test_the_norm_of_what_learns_gathers_statistics(digits):
    module = network(0)
    chosen = [*module[0].parameters(), *module[1].parameters()]
    fit_classifier(module, lambda epoch: digits.images, digits.labels, Recipe(1), 0, trainable=chosen)
    assert module[1].num_batches_tracked == 4  # two steps, and the two batches that statistics come from
    assert not torch.equal(module[1].running_mean, torch.zeros(4))


def batch_statistics(module: nn.Module, images: torch.Tensor, batches: list[list[int]]) -> list[torch.Tensor]:
    """What torch's batch norm normalises each batch by, on average: mean, and unbiased variance."""
    with torch.no_grad():
        features = [module[0](images[batch]).transpose(0, 1).flatten(1).numpy() for batch in batches]
    return [
        torch.tensor(np.mean([part.mean(1) for part in features], axis=0)),
        torch.tensor(np.mean([part.var(1, ddof=1) for part in features], axis=0)),
    ]


@pytest.mark.parametrize("patience", [None, 1])
def test_statistics_are_the_mean_over_the_last_epoch_s_batches_with_the_weights_that_are_kept(digits, patience):
    module = network(0)
    met: list[list[int]] = []
    positions = {image.numpy().tobytes(): i for i, image in enumerate(digits.images)}
    module[0].register_forward_pre_hook(
        lambda layer, given: (
            met.append([positions[image.numpy().tobytes()] for image in given[0]]) if module[1].training else None
        )
    )
    wrong = (digits.images[:8], (digits.labels[:8] + 1) % 10)
    recipe = Recipe(3, 0.05, batch_size=16, schedule="constant", patience=patience)
    notes = fit_classifier(module, lambda epoch: digits.images, digits.labels, recipe, 0, wrong if patience else None)
    last = met[-(len(digits.images) // 16 + 1) :]
    assert sorted(chain.from_iterable(last)) == list(range(len(digits.images)))
    mean, variance = batch_statistics(module, digits.images, last)
    torch.testing.assert_close(module[1].running_mean, mean)
    torch.testing.assert_close(module[1].running_var, variance)
    assert module[1].momentum == 0.1
    assert notes["epochs"] == (2 if patience else 3)


def test_parameters_that_came_frozen_stay_frozen(digits):
    module = network(0)
    module[0].requires_grad_(False)
    before = module[0].weight.clone()
    fit_classifier(module, lambda epoch: digits.images, digits.labels, Recipe(1), 0)
    assert torch.equal(module[0].weight, before)
    assert not module[0].weight.requires_grad


def test_without_progress_fitting_stops_and_the_best_state_is_kept(digits):
    wrong = (digits.images, (digits.labels + 1) % 10)  # the better it learns, the worse it gets on these
    once, patient = network(0), network(0)
    fit_classifier(once, lambda epoch: digits.images, digits.labels, Recipe(1, 0.01, schedule="constant"), 0)
    recipe = Recipe(20, 0.01, schedule="constant", patience=3)
    notes = fit_classifier(patient, lambda epoch: digits.images, digits.labels, recipe, 0, wrong)
    assert (notes["epochs"], notes["best_epoch"]) == (4, 1)
    for kept, expected in zip(patient.parameters(), once.parameters(), strict=True):
        assert torch.equal(kept, expected)


def test_validation_without_patience_changes_nothing(digits):
    module = network(3)
    recipe = Recipe(2, batch_size=16)
    fit_classifier(module, lambda epoch: digits.images, digits.labels, recipe, 3, (digits.images, digits.labels))
    assert fingerprint(module) == fingerprint(fitted(3)[0])
