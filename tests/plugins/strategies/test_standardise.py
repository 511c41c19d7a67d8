"""The strategy `standardise`."""

from __future__ import annotations

import numpy as np
import torch
from blurbench_blurs.none import NoBlur
from blurbench_strategies.standardise import Standardise, standardised

from blurbench.contract import (
    Degraded,
)
from tests.plugins.strategies.fits import (
    accuracy,
    fitted,
    parts,
    setting,
)


def test_every_image_gets_the_same_mean_and_contrast():
    images = torch.rand(6, 3, 9, 7) * torch.linspace(0.1, 1, 6)[:, None, None, None]
    found = standardised(images).flatten(1).numpy()
    np.testing.assert_allclose(found.mean(1), 0.5, atol=1e-5)
    np.testing.assert_allclose(found.std(1), 0.25, atol=1e-5)
    empty = torch.full((1, 1, 4, 4), 0.3)
    torch.testing.assert_close(standardised(empty), torch.full_like(empty, 0.5))


def test_a_classifier_of_standardised_images_does_not_care_how_bright_or_flat_an_image_is():
    where = setting(Standardise())
    predictor = where.strategy.predictor(where, fitted(where), {})
    images = parts()[2].images
    logits = predictor.predict(Degraded(images, None)).logits
    flat = predictor.predict(Degraded(0.3 + 0.4 * images, None)).logits
    torch.testing.assert_close(flat, logits, atol=1e-3, rtol=1e-3)
    assert accuracy(where, NoBlur()) > 0.8
    assert (Standardise().knows(), Standardise().uses_train_blur()) == ("nothing", False)
