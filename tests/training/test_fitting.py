"""The loop that fits classifiers and restorers."""

import hashlib
import json
import subprocess
import sys
from itertools import chain, pairwise

import numpy as np
import pytest
import torch
from blurbench_datasets.digits import Digits
from torch import nn
from torch.nn import functional as F

from blurbench.contract import Budget, Degraded, ImageSet, Recipe, RestorerJob
from blurbench.errors import NotFinite
from blurbench.training import derived_seed, fit_classifier, fit_restorer, minimise, seed_torch
from blurbench.training.optimisation import optimiser_of, schedule_of

PROGRAMME = """
import sys
sys.path.insert(0, {folder!r})
from test_fitting import fingerprint, fitted
print(fingerprint(fitted(seed=3)[0]))
"""


@pytest.fixture(scope="module")
def digits() -> ImageSet:
    part = Digits().load([]).train
    images = torch.from_numpy(part.images[:101]).float() / 255
    return ImageSet(images, torch.from_numpy(part.labels[:101]), torch.arange(101))


def network(seed: int) -> nn.Module:
    seed_torch(seed, "weights")
    return nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Dropout(0.2), nn.Flatten(), nn.Linear(4 * 14 * 14, 10)
    )


def fitted(seed: int, **changes) -> tuple[nn.Module, dict]:
    part = Digits().load([]).train
    images, labels = torch.from_numpy(part.images[:101]).float() / 255, torch.from_numpy(part.labels[:101])
    module = network(seed)
    recipe = Recipe(**{"epochs": 2, "batch_size": 16, **changes})
    return module, fit_classifier(module, lambda epoch: images, labels, recipe, seed)


def fingerprint(module: nn.Module) -> str:
    digest = hashlib.sha256()
    for value in module.state_dict().values():
        digest.update(value.numpy().tobytes())
    return digest.hexdigest()


def mse_job(images: ImageSet, blur) -> RestorerJob:
    return RestorerJob(images, images, blur, Budget("quick"), seed=0)


# --- the same seed gives the same weights --------------------------------------------------------------------------


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
    programme = PROGRAMME.format(folder=str(__file__).rpartition("/")[0])
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


def test_purposes_have_seeds_of_their_own():
    assert len({derived_seed(seed, purpose) for seed in range(50) for purpose in ("weights", "shuffling")}) == 100
    assert derived_seed(0, "shuffling") == 5129319311807706979


# --- what an epoch is ----------------------------------------------------------------------------------------------


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


def test_each_epoch_asks_for_its_own_inputs(digits):
    asked = []
    fit_classifier(network(0), lambda epoch: asked.append(epoch) or digits.images, digits.labels, Recipe(3), 0)
    assert asked == [0, 1, 2]


def test_the_first_training_loss_of_a_step_too_small_to_matter_is_the_loss_of_the_network(digits):
    module = nn.Sequential(nn.Flatten(), nn.Linear(256, 10))
    expected = nn.functional.cross_entropy(module(digits.images), digits.labels).item()
    recipe = Recipe(1, 1e-12, batch_size=16, schedule="constant")
    notes = fit_classifier(module, lambda epoch: digits.images, digits.labels, recipe, 0)
    assert notes["train_loss"] == [pytest.approx(expected, rel=1e-5)]


def test_notes_are_json(digits):
    module = network(0)
    recipe = Recipe(2, 1e-3, patience=2)
    validation = (digits.images[:20], digits.labels[:20])
    notes = fit_classifier(module, lambda epoch: digits.images, digits.labels, recipe, 0, validation)
    assert json.loads(json.dumps(notes)) == notes
    assert len(notes["validation_loss"]) == len(notes["validation_accuracy"]) == 2


def test_a_fitted_network_is_left_in_eval_mode_and_without_gradients():
    module, _ = fitted(0)
    assert not any(layer.training for layer in module.modules())
    assert all(parameter.grad is None for parameter in module.parameters())


# --- recipes -------------------------------------------------------------------------------------------------------


def rates(recipe: Recipe, steps: int) -> list[float]:
    optimiser = optimiser_of([nn.Parameter(torch.zeros(1))], recipe)
    schedule = schedule_of(optimiser, recipe, steps)
    found = []
    for _ in range(steps):
        found.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        schedule.step()
    return found


def test_one_cycle_rises_for_three_tenths_to_the_recipe_s_rate_and_falls_to_nothing():
    found = rates(Recipe(1, 0.01), 100)
    peak = found.index(max(found))
    assert peak == pytest.approx(30, abs=2)
    assert max(found) == pytest.approx(0.01)
    assert found[-1] < 1e-6
    assert all(one < two for one, two in pairwise(found[: peak + 1]))
    assert all(one > two for one, two in pairwise(found[peak:]))


def test_a_constant_schedule_stays_where_it_is():
    assert set(rates(Recipe(1, 0.01, schedule="constant"), 20)) == {0.01}


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd"])
def test_every_optimiser_lowers_the_loss(optimizer):
    _, notes = fitted(0, epochs=3, optimizer=optimizer, learning_rate=0.05 if optimizer == "sgd" else 5e-3)
    assert notes["train_loss"][-1] < 0.8 * notes["train_loss"][0]


def test_a_loss_that_is_not_a_number_ends_the_fit(digits):
    runaway = Recipe(20, 100.0, optimizer="sgd", schedule="constant")
    with pytest.raises(NotFinite, match="training loss is"):
        fit_restorer(
            nn.Conv2d(1, 1, 3, padding=1), mse_job(digits, lambda images, epoch: Degraded(images.images, None)), runaway
        )


# --- what learns ---------------------------------------------------------------------------------------------------


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


def test_what_is_kept_is_validated_with_its_statistics(digits):
    module = network(0)
    whole = (digits.images, digits.labels)
    notes = fit_classifier(module, lambda epoch: digits.images, digits.labels, Recipe(1, 0.05), 0, whole)
    expected = nn.functional.cross_entropy(module(digits.images), digits.labels).item()
    assert notes["final_loss"] == pytest.approx(expected, rel=1e-5)
    assert notes["final_loss"] != notes["validation_loss"][0]


@pytest.mark.parametrize(("rate", "expected"), [(1e-3, True), (1e-12, False)])
def test_a_fit_says_whether_it_was_still_improving(digits, rate, expected):
    module = nn.Sequential(nn.Flatten(), nn.Linear(256, 10))
    recipe = Recipe(3, rate, batch_size=8, schedule="constant")
    whole = (digits.images, digits.labels)
    assert (
        fit_classifier(module, lambda epoch: digits.images, digits.labels, recipe, 0, whole)["still_improving"]
        is expected
    )


def test_parameters_that_came_frozen_stay_frozen(digits):
    module = network(0)
    module[0].requires_grad_(False)
    before = module[0].weight.clone()
    fit_classifier(module, lambda epoch: digits.images, digits.labels, Recipe(1), 0)
    assert torch.equal(module[0].weight, before)
    assert not module[0].weight.requires_grad


# --- patience ------------------------------------------------------------------------------------------------------


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


def test_patience_without_validation_images_is_refused():
    with pytest.raises(ValueError, match="needs validation images"):
        fitted(0, patience=2)


# --- restorers -----------------------------------------------------------------------------------------------------


def test_a_restorer_learns_to_undo_what_it_is_shown(digits):
    class Gain(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.gain = nn.Parameter(torch.ones(()))

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return self.gain * images

    module = Gain()
    darker = mse_job(digits, lambda images, epoch: Degraded(images.images / 2, None))
    notes = fit_restorer(module, darker, Recipe(60, 0.1))
    assert module.gain.item() == pytest.approx(2, abs=0.02)
    assert notes["validation_loss"][-1] < 1e-3 < notes["validation_loss"][0]


def test_a_restorer_s_training_images_are_changed_before_they_are_blurred_and_are_the_target(digits):
    seen = []

    def blur(images: ImageSet, epoch: int) -> Degraded:
        seen.append((images, epoch))
        return Degraded(images.images, None)

    def invert(images: torch.Tensor, batches, generator: torch.Generator) -> torch.Tensor:
        assert sorted(torch.cat(list(batches)).tolist()) == list(range(len(images)))
        return 1 - images

    module = nn.Conv2d(1, 1, 1)
    nn.init.ones_(module.weight)
    nn.init.zeros_(module.bias)
    notes = fit_restorer(module, mse_job(digits, blur), Recipe(2, 0.0, schedule="constant"), invert)
    train, validation = seen[0], seen[1]
    assert torch.equal(train[0].images, 1 - digits.images)
    assert torch.equal(train[0].ids, digits.ids)
    assert validation[0] is digits
    assert [epoch for _, epoch in seen] == [0, 0, 1, 1, 1]  # what is kept is validated again
    assert notes["train_loss"] == [0.0, 0.0]
