"""What a wrong sigma costs, read off a board's records."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from blurbench.board.psf_mismatch import MismatchPoint, mismatch_curves
from blurbench.board.render.figures import mismatch_chart
from tests.builders import Board

SIGMA = {"name": "gaussian", "sigma": 1.5}


def curves(told: list[float], blur: dict[str, Any]) -> list[MismatchPoint]:
    """Of rows that are told these sigmas, with a PSNR and a top-1 that tell them apart."""
    board = Board(specs={"blurred": blur})
    for sigma in told:
        estimator = {"name": "constant", "sigma": sigma}
        restorer = {"name": "estimate-then-deconvolve", "estimator": estimator}
        board.specs[f"told-{sigma:g}"] = {"name": "deblur-then-classify", "restorer": restorer}
        for seed, more in enumerate((-0.5, 0.5)):
            right = int(sigma + 2 * more)
            hits, metrics = "1" * right + "0" * (10 - right), {"restored_psnr": 20 + sigma + more}
            board.cell("blurred", f"told-{sigma:g}", hits=hits, metrics=metrics, seed=seed)
    return mismatch_curves(board.outcomes)


@pytest.mark.parametrize(
    "blur", [SIGMA, {"name": "chain", "steps": [SIGMA, {"name": "gaussian-noise", "std": 2}, {"name": "round-8bit"}]}]
)
def test_a_curve_has_a_point_for_each_sigma_told(blur: dict[str, Any]) -> None:
    points = curves([1.0, 2.0, 3.0], blur)
    assert [(point.true, point.told, point.psnr, point.top1) for point in points] == [
        (1.5, 1.0, 21.0, pytest.approx(0.1)),
        (1.5, 2.0, 22.0, pytest.approx(0.2)),
        (1.5, 3.0, 23.0, pytest.approx(0.3)),
    ]
    assert Image.open(BytesIO(mismatch_chart(points))).size == (1200, 510)


def test_two_sigmas_are_no_curve_and_an_unknown_one_has_no_error() -> None:
    assert curves([1.0, 2.0], SIGMA) == []
    assert curves([1.0, 2.0, 3.0], {"name": "gaussian", "sigma": {"low": 1, "high": 2}}) == []
    assert curves([1.0, 2.0, 3.0], {"name": "none"}) == []
