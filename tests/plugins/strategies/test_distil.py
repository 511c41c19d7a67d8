"""A student of blurred images and its teacher of sharp ones."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
from blurbench_blurs.gaussian import Gaussian
from blurbench_classifiers.cnn3 import Cnn3
from blurbench_strategies.blur_augment import BlurAugment
from blurbench_strategies.distil import Distil, distillation_loss, taught
from blurbench_strategies.plain import Plain
from blurbench_strategies.retrain import Retrain
from scipy.special import log_softmax, softmax
from torch import nn

from blurbench.contract import Budget, Fitted, PredictorNeed, Recipe, Strategy
from blurbench.training import fit_classifier
from tests.plugins.strategies.fits import BLUR, SMALL, accuracy, blurring, fitted, inputs_of, job, parts, setting


@pytest.mark.parametrize(("temperature", "soft"), [(1.0, 1.0), (4.0, 0.9), (20.0, 0.5), (4.0, 0.0)])
def test_the_loss_is_the_published_one(temperature: float, soft: float) -> None:
    generator = np.random.default_rng(1)
    student, teacher, labels = (
        generator.normal(size=(8, 5)),
        generator.normal(size=(8, 5)),
        generator.integers(5, size=8),
    )
    wanted = softmax(teacher / temperature, axis=1)
    divergence = (wanted * (np.log(wanted) - log_softmax(student / temperature, axis=1))).sum(1).mean()
    hard = -log_softmax(student, axis=1)[np.arange(8), labels].mean()
    targets = torch.from_numpy(np.column_stack([teacher, labels]))
    found = distillation_loss(torch.from_numpy(student), targets, temperature, soft).item()
    assert found == pytest.approx(soft * temperature**2 * divergence + (1 - soft) * hard, rel=1e-6)


def test_at_high_temperatures_it_matches_centred_logits_whatever_the_temperature() -> None:
    # Hinton et al. 2015, section 2.1: the gradient tends to (z - v) / K, of logits without their means.
    student = torch.randn(3, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0)).requires_grad_()
    teacher = torch.randn(3, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    targets = torch.cat([teacher, torch.zeros(3, 1)], 1)
    distillation_loss(student, targets, 1e3, 1.0).backward()  # type: ignore[no-untyped-call]
    centred = [values - values.mean(1, keepdim=True) for values in (student.detach(), teacher)]
    torch.testing.assert_close(student.grad, (centred[0] - centred[1]) / 4 / 3, rtol=0, atol=1e-3)


def test_the_teacher_answers_for_sharp_images_and_stays_as_it_was() -> None:
    where = setting(Distil())
    plain = fitted(setting(Plain())).module
    assert plain is not None
    before = {name: value.clone() for name, value in plain.state_dict().items()}
    train = parts()[0]
    targets = taught(job(where))(0)
    torch.testing.assert_close(targets[:, :-1], plain(train.images))
    assert torch.equal(targets[:, -1].long(), train.labels)
    fitted(where)
    torch.testing.assert_close(plain.state_dict(), before, rtol=0, atol=0)


@dataclass(frozen=True)
class Varied(Cnn3):
    def recipe(self, purpose: str, budget: Budget) -> Recipe:
        return replace(super().recipe(purpose, budget), augment="flip-crop")  # type: ignore[arg-type]


def test_the_teacher_sees_the_same_cut_as_the_student() -> None:
    """A network of pixels for a teacher tells what it saw: the student's image, were it not blurred."""
    blur = Gaussian(0.7)
    where = setting(Distil(), Varied((8, 8, 8)), blur)
    teacher = Fitted(nn.Flatten())
    seen: list[torch.Tensor] = []
    student = nn.Sequential(nn.Flatten(), nn.Linear(256, 10))
    student.register_forward_hook(lambda layer, given, result: seen.append(given[0]) if layer.training else None)
    sharp = taught(job(where, {"teacher": teacher}))(0)[:, :-1].view(-1, 1, 16, 16)
    train = parts()[0]
    recipe = Recipe(1, batch_size=len(train), augment="flip-crop")
    fit_classifier(student, lambda epoch: blurring(blur)(train, epoch).images, train.labels, recipe, 0)
    order = [int((sharp_of - seen[0]).abs().mean((1, 2, 3)).argmin()) for sharp_of in sharp[:20]]
    weights = np.exp(-(np.arange(-3, 4) ** 2) / (2 * 0.7**2))
    row = torch.from_numpy(weights / weights.sum()).float().view(1, 1, 1, 7)
    again = nn.functional.conv2d(nn.functional.conv2d(sharp[:20], row), row.transpose(2, 3))
    inner = slice(5, 11)  # what was moved in from beyond the border was not blurred
    torch.testing.assert_close(again[..., 2:8, 2:8], seen[0][order][..., inner, inner], rtol=0, atol=0.02)
    assert not torch.equal(sharp[:20], train.images[:20])


class Mistaken(nn.Module):
    """Takes every digit for the next one."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.network(images).roll(1, dims=1)


def test_the_student_learns_what_the_teacher_says_where_the_labels_say_otherwise() -> None:
    where = setting(Distil(soft=1.0))
    plain = fitted(setting(Plain())).module
    assert plain is not None
    torch.manual_seed(0)
    student = where.strategy.build(where)
    assert student is not None
    where.strategy.fit(student, job(where, {"teacher": Fitted(Mistaken(plain))}))
    train = parts()[0]
    said = student(blurring(BLUR)(train, 0).images).argmax(1)
    assert (said == (train.labels + 1) % 10).float().mean() > 0.5
    assert (said == train.labels).float().mean() < 0.1


def test_a_student_is_better_at_blurred_images_than_its_teacher() -> None:
    assert accuracy(setting(Distil()), BLUR) > accuracy(setting(Plain()), BLUR) + 0.1


@pytest.mark.parametrize(("share", "same"), [(1.0, Retrain()), (0.5, BlurAugment())])
def test_without_a_teacher_it_is_retrain_or_blur_augment(share: float, same: Strategy) -> None:
    one, other = (fitted(setting(strategy)).module for strategy in (Distil(share=share, soft=0.0), same))
    assert one is not None
    assert other is not None
    torch.testing.assert_close(one.state_dict(), other.state_dict(), rtol=0, atol=1e-6)


def test_another_network_may_teach() -> None:
    larger = Cnn3((16, 16, 16))
    where = setting(Distil(teacher=larger))
    assert where.strategy.needs(where) == {"teacher": PredictorNeed(Plain(), classifier=larger)}
    assert Distil().needs(setting(Distil())) == {"teacher": PredictorNeed(Plain())}
    own, teacher = fitted(where).module, inputs_of(where)["teacher"].module
    assert own is not None
    assert teacher is not None
    sizes = [sum(value.numel() for value in module.parameters()) for module in (own, teacher)]
    assert sizes[0] == sum(value.numel() for value in SMALL.build(where.shape, 10).parameters()) < sizes[1]


def test_it_knows_the_training_blur_and_requires_sharp_images_too() -> None:
    assert (Distil().knows(), Distil().uses_train_blur()) == ("training blur", True)
    assert Distil().requires() == ("labels", "clean images")
