"""The strategy `first-n`."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from blurbench_blurs.gaussian import Gaussian
from blurbench_classifiers.cnn3 import Cnn3
from blurbench_strategies.first_n import FirstN
from blurbench_strategies.plain import Plain
from blurbench_strategies.retrain import Retrain
from torch import nn

from blurbench.contract import (
    Classifier,
    PredictorNeed,
    Recipe,
)
from blurbench.errors import Skip, UsageError
from tests.plugins.strategies.fits import (
    BLUR,
    BUDGET,
    PATCHY,
    changed,
    fitted,
    inputs_of,
    job,
    setting,
    state,
)


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_units_after_the_first_n_are_bit_equal_after_fine_tuning(n):
    where = setting(FirstN(n))
    network = fitted(where).module
    difference = changed(fitted(setting(Plain())).module.state_dict(), network)
    learned = {name for i in range(min(n, 3)) for name in state_names(f"convolutions.{i}", f"norms.{i}", network)}
    if n == 4:
        learned |= {"linear.weight", "linear.bias"}
    assert difference == learned


def state_names(convolution: str, norm: str, network: nn.Module) -> set[str]:
    return {name for name in network.state_dict() if name.startswith((convolution, norm))}


def test_frozen_units_are_not_decayed_either():
    @dataclass(frozen=True)
    class Decaying(Cnn3):
        def recipe(self, purpose, budget):
            return Recipe(1, 1e-3, optimizer="adamw", weight_decay=0.5)

    classifier = Decaying((4, 8, 8))
    network = fitted(setting(FirstN(1), classifier)).module
    difference = changed(fitted(setting(Plain(), classifier)).module.state_dict(), network)
    assert difference == state_names("convolutions.0", "norms.0", network)


def test_dropout_stays_on_in_frozen_units():
    modes = []

    class Dropping(nn.Sequential):
        def __init__(self) -> None:
            super().__init__(nn.Flatten(), nn.Linear(256, 8), nn.Dropout(0.5), nn.Linear(8, 10))
            self[2].register_forward_hook(lambda layer, given, result: modes.append(layer.training))

    @dataclass(frozen=True)
    class WithDropout(Classifier):
        def build(self, shape, classes):
            return Dropping()

        def units(self, module):
            return [[module[1]], [module[3]]]

    where = setting(FirstN(1), WithDropout())
    inputs = inputs_of(where)
    module = where.strategy.build(where)
    modes.clear()
    where.strategy.fit(module, job(where, inputs))
    assert True in modes


def test_a_position_embedding_belongs_to_no_unit_and_learns():
    where = setting(FirstN(1), PATCHY)
    difference = changed(fitted(setting(Plain(), PATCHY)).module.state_dict(), fitted(where).module)
    assert difference == {"cls_token", "pos_embed", "patch_embed.proj.weight", "patch_embed.proj.bias"}


def test_fine_tuning_starts_from_plain_and_leaves_it_alone():
    plain = fitted(setting(Plain()))
    before = state(plain.module)
    where = setting(FirstN(2))
    module = where.strategy.build(where)
    where.strategy.fit(module, job(where, {"plain": plain}))
    assert changed(before, plain.module) == set()
    assert FirstN(2).needs(where) == {"plain": PredictorNeed(Plain())}


def test_the_control_on_clean_images_never_looks_at_the_blur():
    strategy = FirstN(1, on="clean")
    assert (strategy.uses_train_blur(), strategy.knows()) == (False, "nothing")
    one, other = (fitted(setting(strategy, blur=blur)) for blur in (BLUR, Gaussian(3.0)))
    assert changed(one.module.state_dict(), other.module) == set()
    assert changed(fitted(setting(FirstN(1))).module.state_dict(), one.module) != set()


def test_more_units_than_there_are_is_declined():
    with pytest.raises(Skip, match="4 units, fewer than 5"):
        fitted(setting(FirstN(5)))


def test_a_classifier_without_units_is_declined():
    @dataclass(frozen=True)
    class Unordered(Classifier):
        def build(self, shape, classes):
            return nn.Flatten()

    assert "order" in FirstN(1).skip(setting(FirstN(1), Unordered()))
    assert FirstN(1).skip(setting(FirstN(1))) is None


def test_at_least_one_unit_learns(registry):
    with pytest.raises(UsageError, match="between 1 and"):
        registry.resolve("strategies", "first-n[n=0]")


def test_fine_tuning_goes_by_its_own_recipe() -> None:
    assert BUDGET.finetune_epochs != BUDGET.epochs
    assert fitted(setting(FirstN(1))).notes["epochs"] == BUDGET.finetune_epochs
    assert fitted(setting(Retrain())).notes["epochs"] == BUDGET.epochs
