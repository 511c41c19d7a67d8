"""The strategy `blur-augment`."""

from __future__ import annotations

import pytest
import torch
from blurbench_strategies.blur_augment import BlurAugment
from blurbench_strategies.plain import Plain
from blurbench_strategies.retrain import Retrain

from blurbench.contract import (
    ImageSet,
)
from tests.plugins.strategies.fits import (
    changed,
    fitted,
    job,
    parts,
    setting,
)


def test_the_share_of_blurred_images_is_the_one_asked_for():
    many = ImageSet(torch.zeros(20_000, 1, 1, 1), torch.zeros(20_000), torch.arange(20_000))
    for share in (0.0, 0.3, 0.5, 1.0):
        found = BlurAugment(share=share).is_blurred(many, 0, seed=0).float().mean().item()
        assert found == pytest.approx(share, abs=0.015 if 0 < share < 1 else 0)


def test_a_fixed_coin_belongs_to_the_image_and_a_fresh_one_to_the_epoch_too():
    train = parts()[0]
    some = ImageSet(train.images[100:], train.labels[100:], train.ids[100:])
    fixed, fresh = BlurAugment(), BlurAugment(coin="epoch")
    assert torch.equal(fixed.is_blurred(train, 0, 0), fixed.is_blurred(train, 7, 0))
    assert torch.equal(fixed.is_blurred(train, 0, 0)[100:], fixed.is_blurred(some, 0, 0))
    assert not torch.equal(fixed.is_blurred(train, 0, 0), fixed.is_blurred(train, 0, 1))
    assert not torch.equal(fresh.is_blurred(train, 0, 0), fresh.is_blurred(train, 1, 0))


def test_every_image_is_either_clean_or_blurred():
    train, strategy = parts()[0], BlurAugment()
    fit_job = job(setting(strategy), {})
    mixed, blurred = strategy.mixed(train, 0, fit_job), fit_job.blur(train, 0).images
    coin = strategy.is_blurred(train, 0, 0)
    assert torch.equal(mixed[coin], blurred[coin])
    assert torch.equal(mixed[~coin], train.images[~coin])


@pytest.mark.parametrize(("share", "same"), [(0.0, Plain()), (1.0, Retrain())])
def test_blurring_no_image_is_plain_and_blurring_all_is_retrain(share, same):
    augmented = fitted(setting(BlurAugment(share=share)))
    assert changed(fitted(setting(same)).module.state_dict(), augmented.module) == set()
