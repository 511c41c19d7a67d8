"""A fitted predictor, put together from a results folder."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from blurbench.errors import UsageError
from blurbench.registry import Registry
from blurbench.takeaway.prediction import Prediction, Restoration, float_images
from tests.takeaway.conftest import row_of

BYTES = torch.randint(0, 256, (6, 3, 20, 20), dtype=torch.uint8, generator=torch.Generator().manual_seed(3))


def test_bytes_and_floats_are_the_same_images() -> None:
    assert torch.equal(float_images(BYTES), BYTES.float() / 255)
    assert torch.equal(float_images(BYTES.double() / 255), (BYTES.double() / 255).float())
    assert float_images(BYTES.numpy()).dtype == torch.float32


def test_what_adapts_is_asked_in_its_batches_and_what_does_not_answers_alike_in_any(
    registry: Registry, results: Path
) -> None:
    plain = Prediction(row_of(registry, results, "plain"))
    adapting = Prediction(row_of(registry, results, "bn-adapt[batch=4]"))
    assert (plain.adapts, adapting.adapts, adapting.batch) == (False, True, 4)
    together = torch.cat([output.logits for output in adapting.stream(torch.split(BYTES, 4))])
    torch.testing.assert_close(adapting(BYTES), together)
    torch.testing.assert_close(plain(BYTES), torch.cat([plain(BYTES[:1]), plain(BYTES[1:])]))


def test_what_a_restorer_gave_is_what_its_classifier_was_asked_about(registry: Registry, results: Path) -> None:
    restoring = Prediction(row_of(registry, results, "deblur-unet"))
    restored = Restoration(restoring)(BYTES)
    assert restored.shape == BYTES.shape
    assert not torch.equal(restored, float_images(BYTES))
    with pytest.raises(UsageError, match="no restorer goes first in this row"):
        Restoration(Prediction(row_of(registry, results, "plain")))(BYTES)


def test_images_of_another_shape_are_refused(registry: Registry, results: Path) -> None:
    with pytest.raises(UsageError, match=r"images are \(3, 10, 20\), and it was fitted to \(3, 20, 20\)"):
        Prediction(row_of(registry, results, "plain"))(BYTES[:, :, :10])
