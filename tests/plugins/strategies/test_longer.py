"""The control that learns from sharp images for as long as remedies do."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest
import torch
from blurbench_blurs.none import NoBlur
from blurbench_classifiers.cnn3 import Cnn3
from blurbench_classifiers.vit import Vit
from blurbench_strategies.longer import Longer
from blurbench_strategies.plain import Plain
from blurbench_strategies.retrain import Retrain

from blurbench.contract import Classifier, Degraded, Fitted, ImageSet
from blurbench.errors import UsageError
from blurbench.registry import Registry
from tests.plugins.strategies.fits import BUDGET, SMALL, accuracy, fitted, job, setting


@pytest.mark.parametrize("classifier", [SMALL, Vit(width=12, depth=1, heads=2)])
def test_it_takes_as_many_steps_as_plain_and_a_remedy_fitted_after_it(classifier: Classifier) -> None:
    plain, remedy, control = (
        fitted(setting(strategy, classifier)).notes for strategy in (Plain(), Retrain(), Longer())
    )
    for what in ("steps", "images_seen", "epochs"):
        assert control[what] == plain[what] + remedy[what] > 0


def test_for_no_longer_than_plain_it_is_plain_and_for_longer_plain_with_that_many_epochs() -> None:
    def weights(strategy: Plain, epochs: int = BUDGET.epochs) -> dict[str, torch.Tensor]:
        where = setting(strategy)
        module = fitted(replace(where, budget=replace(where.budget, epochs=epochs))).module
        assert module is not None
        return module.state_dict()

    torch.testing.assert_close(weights(Longer(factor=1)), weights(Plain()), rtol=0, atol=0)
    torch.testing.assert_close(weights(Longer(factor=2)), weights(Plain(), 2 * BUDGET.epochs), rtol=0, atol=0)
    assert not torch.equal(weights(Longer())["linear.weight"], weights(Plain())["linear.weight"])


def test_it_never_looks_at_a_blur_and_learns() -> None:
    where = setting(Longer())

    def refuse(images: ImageSet, epoch: int) -> Degraded:
        raise AssertionError("a control on sharp images looked at the blur")

    Longer().fit(Longer().build(where), replace(job(where, {}), blur=refuse))
    assert (Longer().uses_train_blur(), Longer().knows()) == (False, "nothing")
    assert Longer().requires() == ("labels", "clean images")
    assert accuracy(where, NoBlur()) > 0.8


@dataclass(frozen=True)
class Given(Cnn3):
    """Somebody's own network, which answers as it was left."""

    @property
    def is_given(self) -> bool:
        return True


def test_a_network_that_is_given_is_fitted_on_though_plain_leaves_it_alone() -> None:
    where: Any = setting(Longer(factor=1), Given((8, 8, 8)))
    own: Fitted = fitted(where)
    assert fitted(replace(where, strategy=Plain())).notes == {}
    assert own.notes["steps"] == fitted(replace(where, strategy=Retrain())).notes["steps"] > 0


def test_it_is_never_fitted_for_less_than_plain(registry: Registry) -> None:
    with pytest.raises(UsageError, match="between 1 and"):
        registry.resolve("strategies", "longer[factor=0]")
