"""What a wrong sigma costs, read off a board's records."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from blurbench.board.psf_mismatch import costs_of, draw_costs

SIGMA = {"name": "gaussian", "sigma": 1.5}


def board(told: list[float], blur: dict[str, Any]) -> tuple[Any, Any]:
    """Rows that are told these sigmas, with a PSNR and a top-1 that tell them apart."""
    lines = [SimpleNamespace(key=str(sigma), dataset="photographs", test_blur="blurred") for sigma in told]
    records = {
        str(sigma): SimpleNamespace(
            strategy=SimpleNamespace(spec={"restorer": {"estimator": {"name": "constant", "sigma": sigma}}}),
            test_blur=SimpleNamespace(spec=blur),
            metrics=SimpleNamespace(restored_psnr=20 + sigma, top1=sigma / 10),
        )
        for sigma in told
    }
    return SimpleNamespace(lines=lines), records


@pytest.mark.parametrize(
    "blur", [SIGMA, {"name": "chain", "steps": [SIGMA, {"name": "gaussian-noise", "std": 2}, {"name": "round-8bit"}]}]
)
def test_a_curve_has_a_point_for_each_sigma_told(blur: dict[str, Any], tmp_path: Path) -> None:
    costs = costs_of(*board([1.0, 2.0, 3.0], blur))
    assert [(cost.true, cost.told, cost.psnr, cost.top1) for cost in costs] == [
        (1.5, 1.0, 21.0, 0.1),
        (1.5, 2.0, 22.0, 0.2),
        (1.5, 3.0, 23.0, pytest.approx(0.3)),
    ]
    draw_costs(costs, tmp_path / "curve.png")
    assert (tmp_path / "curve.png").stat().st_size > 5000


def test_two_sigmas_are_no_curve_and_an_unknown_one_has_no_error() -> None:
    assert costs_of(*board([1.0, 2.0], SIGMA)) == []
    assert costs_of(*board([1.0, 2.0, 3.0], {"name": "gaussian", "sigma": {"low": 1, "high": 2}})) == []
    assert costs_of(*board([1.0, 2.0, 3.0], {"name": "none"})) == []
