"""The strategy `plain`."""

from __future__ import annotations

from blurbench_strategies.plain import Plain

from blurbench.contract import (
    Degraded,
    FitJob,
    ImageSet,
)
from tests.plugins.strategies.fits import (
    parts,
    setting,
)


def test_plain_never_asks_for_blurred_images():
    where = setting(Plain())
    train, validation, _ = parts()

    def refuse(images: ImageSet, epoch: int) -> Degraded:
        raise AssertionError("plain looked at the blur")

    Plain().fit(Plain().build(where), FitJob(where, train, validation, refuse, {}))
    assert not Plain().uses_train_blur()
    assert Plain().knows() == "nothing"
