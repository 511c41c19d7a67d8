"""The strategy `retrain`."""

from __future__ import annotations

from blurbench_blurs.none import NoBlur
from blurbench_strategies.plain import Plain
from blurbench_strategies.retrain import Retrain

from tests.plugins.strategies.fits import (
    BLUR,
    accuracy,
    changed,
    fitted,
    setting,
)


def test_retraining_helps_on_blurred_images_and_costs_on_clean_ones():
    plain, retrained = setting(Plain()), setting(Retrain())
    assert accuracy(retrained, BLUR) > accuracy(plain, BLUR) + 0.1
    assert accuracy(retrained, NoBlur()) < accuracy(plain, NoBlur())
    assert Retrain().knows() == "training blur"


def test_retraining_without_blur_is_plain():
    plain, retrained = fitted(setting(Plain())), fitted(setting(Retrain(), blur=NoBlur()))
    assert changed(plain.module.state_dict(), retrained.module) == set()
